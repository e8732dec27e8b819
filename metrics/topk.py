"""Top-k accuracy."""

import jax
import jax.numpy as jnp


def top_k(
    logits: jax.Array, labels: jax.Array, mask: jax.Array, k: int = 1
) -> tuple[jax.Array, jax.Array]:
    """How many rows have their label among the k largest logits.

    Ties count against the row: its label must be beaten by fewer than k classes, where a class
    of equal logit and lower index beats it. So constant logits score 1/classes, not 1. A logit
    that is NaN never scores.

    Args:
      logits: (batch, classes), floating.
      labels: (batch,) integers.
      mask: (batch,) bool, False for rows that do not count (padding).
      k: 1 or more.

    Returns:
      (hits, rows): int32 scalars.
    """
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=-1)
    lower_index = jnp.arange(logits.shape[-1])[None, :] < labels[:, None]
    beaten_by = jnp.sum((logits > chosen) | ((logits == chosen) & lower_index), axis=-1)
    hits = (beaten_by < k) & ~jnp.isnan(chosen[:, 0]) & mask
    return jnp.sum(hits, dtype=jnp.int32), jnp.sum(mask, dtype=jnp.int32)
