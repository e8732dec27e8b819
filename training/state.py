"""All that a run has learned so far, as one tree of arrays."""

import dataclasses
import hashlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.experimental import multihost_utils

from models.layers.whole import param_rngs


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """Parameters, batch statistics and optimizer slots after ``step`` optimizer steps.

    ``params`` and ``batch_stats`` are nested dicts of float32 arrays, as the modules nest; ``ema``
    is the moving average of ``params``, or None in a run without one.
    """

    step: jax.Array
    params: dict
    batch_stats: dict
    opt_state: optax.OptState
    ema: dict | None = None

    @property
    def eval_params(self) -> dict:
        """The parameters to evaluate with: the moving average if there is one."""
        return self.params if self.ema is None else self.ema


#: A TrainState whose leaves are the shardings of a state's arrays.
StateShardings = TrainState


def split(model: nnx.Module) -> tuple[nnx.GraphDef, dict, dict]:
    """A network as its structure, parameters and batch statistics."""
    graphdef, *parts = nnx.split(model, nnx.Param, nnx.BatchStat)
    params, stats = (nnx.to_pure_dict(part) for part in parts)
    return graphdef, params, stats


def merge(graphdef: nnx.GraphDef, params: dict, batch_stats: dict) -> nnx.Module:
    """The inverse of :func:`split`."""
    return nnx.merge(graphdef, nnx.State(params), nnx.State(batch_stats))


def make_init(
    build: Callable[[nnx.Rngs], nnx.Module],
    optimizer: optax.GradientTransformation,
    *,
    ema: bool = False,
) -> Callable[[jax.Array], TrainState]:
    """key -> a fresh state; ``ema``: with a moving average of the parameters."""

    def init(key: jax.Array) -> TrainState:
        _, params, stats = split(build(param_rngs(key)))
        average = params if ema else None
        return TrainState(jnp.zeros((), jnp.int32), params, stats, optimizer.init(params), average)

    return init


def all_finite(state: TrainState) -> jax.Array:
    """Whether every number of the state is finite, a bool scalar."""
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(state)]).all()


def to_host(state: TrainState) -> TrainState:
    """The state in NumPy arrays, on every process, however it is split."""
    return multihost_utils.process_allgather(state, tiled=True)


def fingerprint(state: TrainState) -> str:
    """SHA-256 of every leaf's path, dtype, shape and bytes: equal if and only if bit-equal."""
    digest = hashlib.sha256()
    for path, array in jax.tree_util.tree_flatten_with_path(to_host(state))[0]:
        name = jax.tree_util.keystr(path)
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
