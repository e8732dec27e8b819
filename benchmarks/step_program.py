"""The ResNet-50 training step that step.py times and tpu_program.py compiles."""

from collections.abc import Callable

import jax
import optax
from flax import nnx

from benchmarks.ports import plain, usual_port
from dropblock import dropblock, gamma, group_keep_prob
from models.resnet import ResNet

GROUPS, BLOCK = (3, 4), 7
#: Of other regularisers than DropBlock.
OTHER_SITES = ("branch", "head")

OPERATIONS: dict[str, Callable | None] = {
    "none": None,
    "again": None,  # the same step twice: what the clock itself is worth
    "ours": dropblock,
    "plain": plain,
    "usual": usual_port,
}


def make_step(operation: str, dtype, batch: int, size: int):
    """``step(state, images, labels, key, keep_prob) -> (state, loss)`` and the abstract state."""
    apply = OPERATIONS[operation]
    graph = nnx.graphdef(nnx.eval_shape(lambda: ResNet(dtype=dtype, rngs=nnx.Rngs(0))))
    optimizer = optax.sgd(0.1, momentum=0.9, nesterov=True)

    def initialise():
        _, params, rest = nnx.split(ResNet(dtype=dtype, rngs=nnx.Rngs(0)), nnx.Param, ...)
        return params, rest, optimizer.init(params)

    def step(state, images, labels, key, keep_prob):
        params, rest, slots = state

        def loss(params):
            model = nnx.merge(graph, params, rest, copy=True)
            calls = 0

            def drop(x, *, group, site):
                nonlocal calls
                calls += 1
                if group not in GROUPS or site in OTHER_SITES:
                    return x
                rate = gamma(group_keep_prob(keep_prob, group), x.shape[1:3], BLOCK)
                return apply(jax.random.fold_in(key, calls), x, rate, BLOCK)

            logits = model(images, train=True, drop=drop if apply else None)
            value = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()
            return value, nnx.split(model, nnx.Param, ...)[2]

        (value, rest), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, slots = optimizer.update(grads, slots, params)
        return (optax.apply_updates(params, updates), rest, slots), value

    return initialise, step
