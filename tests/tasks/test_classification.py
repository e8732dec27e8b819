"""The classification task's loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import digits
from regularizers import NO_DROP
from tasks import classification
from training.config import complete


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_by_hand(smoothing, key):
    """(1 - a) on the label and a / classes on every class (Szegedy et al. 2016); masked rows 0."""
    logits = np.asarray(jax.random.normal(key, (5, 4)), np.float64)
    labels = np.array([0, 3, 1, 1, 2])
    batch = {"label": jnp.asarray(labels), "mask": jnp.array([True, True, False, True, True])}
    total, rows = classification._masked_cross_entropy(
        jnp.asarray(logits, jnp.float32), batch, smoothing
    )
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    target = np.eye(4)[labels] * (1 - smoothing) + smoothing / 4
    expected = -(target * log_probabilities).sum(axis=1)
    assert float(total) == pytest.approx(expected[[0, 1, 3, 4]].sum(), rel=1e-5)
    assert int(rows) == 4


class TwoHeads:
    """Says the same to every image; its auxiliary head something else."""

    def logits_and_aux(self, images, *, train, drop):
        assert train
        logits = jnp.tile(jnp.arange(10.0)[None], (len(images), 1))
        return logits, -logits


def test_auxiliary_loss_is_weighted_and_smoothed_alike():
    config = complete(digits.get_config("amoebanet"))
    task = classification.Classification(
        config, without_data=True, label_smoothing=0.1, aux_weight=0.4
    )
    batch = {
        "image": jnp.zeros((2, 16, 16, 1), jnp.uint8),
        "label": jnp.array([1, 9]),
        "mask": jnp.ones(2, bool),
    }
    loss, scalars = task.loss(TwoHeads(), batch)
    heads = TwoHeads().logits_and_aux(batch["image"], train=True, drop=NO_DROP)
    main, aux = (classification._masked_cross_entropy(y, batch, 0.1)[0] / 2 for y in heads)
    assert float(loss) == pytest.approx(float(main + 0.4 * aux), rel=1e-6)
    assert float(scalars["accuracy"]) == 0.5
