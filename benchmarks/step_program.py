"""The ResNet-50 training step that step.py times and tpu_program.py compiles."""

from collections.abc import Callable, Sequence

import jax
import optax
from flax import nnx

from benchmarks.ports import plain, usual_port
from dropblock import gamma
from models.resnet import ResNet
from regularizers import NO_DROP, Active, Drop, Site, draw_masks, list_sites
from regularizers.dropblock import DropBlock

#: The paper's placement: groups 3 and 4, after the convolutions and on the skip connections.
DROPBLOCK = DropBlock(block_size=7, groups=(3, 4))
#: What drops at these sites; "ours" draws all masks before the network runs, as train.py does.
INLINE: dict[str, Callable[..., jax.Array]] = {"plain": plain, "usual": usual_port}
#: "again" is the step of "none" once more, which shows the noise.
OPERATIONS = ("none", "again", "ours", *INLINE)


class InlineDrop:
    """A :class:`regularizers.Drop` that drops with ``apply(key, x, gamma, block_size)``."""

    def __init__(self, apply, key: jax.Array, keep_prob: jax.Array):
        self._apply, self._key, self._keep_prob = apply, key, keep_prob
        self._calls = 0

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        self._calls += 1
        if not DROPBLOCK.drops_at(Site(site, group, x.shape)):
            return x
        keep_prob = DROPBLOCK.keep_prob_of(group, self._keep_prob)
        rate = gamma(keep_prob, x.shape[1:3], DROPBLOCK.block_size)
        key = jax.random.fold_in(self._key, self._calls)
        return self._apply(key, x, rate, DROPBLOCK.block_size)

    def at(self, part: str) -> "InlineDrop":
        return self


def make_drop(operation: str, key: jax.Array, keep_prob: jax.Array, sites: Sequence[Site]) -> Drop:
    """Makes what a step with an operation calls at its drop sites."""
    if operation in INLINE:
        return InlineDrop(INLINE[operation], key, keep_prob)
    if operation == "ours":
        return draw_masks(key, sites, {"regularizer": Active(DROPBLOCK, keep_prob)})
    return NO_DROP


def make_step(operation: str, dtype):
    """Makes a training step.

    Returns:
      ``() -> state`` and ``(state, images, labels, key, keep_prob) -> (state, loss)``.
    """
    graph = nnx.graphdef(nnx.eval_shape(lambda: ResNet(dtype=dtype, rngs=nnx.Rngs(0))))
    optimizer = optax.sgd(0.1, momentum=0.9, nesterov=True)

    def initialise():
        _, params, rest = nnx.split(ResNet(dtype=dtype, rngs=nnx.Rngs(0)), nnx.Param, ...)
        return params, rest, optimizer.init(params)

    def step(state, images, labels, key, keep_prob):
        params, rest, slots = state

        def loss(params, drop):
            model = nnx.merge(graph, params, rest, copy=True)
            logits = model(images, train=True, drop=drop)
            value = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
            return value, nnx.split(model, nnx.Param, ...)[2]

        sites = list_sites(lambda drop, params: loss(params, drop), params)
        drop = make_drop(operation, key, keep_prob, sites)
        (value, rest), grads = jax.value_and_grad(loss, has_aux=True)(params, drop)
        updates, slots = optimizer.update(grads, slots, params)
        return (optax.apply_updates(params, updates), rest, slots), value

    return initialise, step
