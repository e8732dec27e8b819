"""Top-k accuracy against sorting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metrics.topk import top_k


@pytest.mark.parametrize("k", [1, 3, 5])
def test_agrees_with_sorting(k, key):
    logits = jax.random.normal(key, (50, 7))
    labels = jax.random.randint(jax.random.key(1), (50,), 0, 7)
    mask = jnp.arange(50) < 41
    order = np.argsort(-np.asarray(logits), axis=-1)[:, :k]
    expected = (order == np.asarray(labels)[:, None]).any(axis=-1)[:41].sum()
    hits, rows = top_k(logits, labels, mask, k)
    assert (int(hits), int(rows)) == (expected, 41)


def test_constant_logits_score_one_class():
    """A network that says nothing must not look perfect."""
    hits, rows = top_k(jnp.zeros((10, 10)), jnp.arange(10), jnp.ones(10, bool))
    assert (int(hits), int(rows)) == (1, 10)


def test_nan_never_scores():
    hits, _ = top_k(jnp.full((4, 3), jnp.nan), jnp.zeros(4, int), jnp.ones(4, bool))
    assert int(hits) == 0
