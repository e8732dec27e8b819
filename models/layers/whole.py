"""Variables whose whole array is replaced without a look at its sharding.

``nnx.Variable`` asks each new array for its sharding. While JAX traces, there is none, and the
error message that says so, never shown, is made by searching the whole trace. Seen with flax 0.12.8
and jax 0.10.2: a third of the time to trace ResNet-50 went into it, for its running statistics, and
four fifths of the time to build RetinaNet, for its count of keys. ``tests/models/test_whole.py``
fails when this is needed no more.
"""

from typing import Any

import jax
from flax import nnx


class _Whole(nnx.Variable[jax.Array]):
    def __setitem__(self, key: Any, value: jax.Array) -> None:
        if key is ...:
            self.set_value(value)
        else:
            super().__setitem__(key, value)


class RunningStatistic(_Whole, nnx.BatchStat[jax.Array]):
    """A batch statistic."""


class _Count(_Whole, nnx.RngCount):
    """How many keys a stream has given."""


def param_rngs(key: jax.Array) -> nnx.Rngs:
    """Makes the keys of a network's fresh parameters: ``nnx.Rngs(params=key)``."""
    rngs = nnx.Rngs(params=key)
    rngs.params.count = _Count(rngs.params.count.get_value(), tag="params")
    return rngs
