"""DropBlock applied at inference, to see how much a network relies on single features."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp

from regularizers import Active, Drop, draw_masks, list_sites
from regularizers.dropblock import DropBlock
from tasks import Batch, Metrics
from training.devices import STOP
from training.evaluation import evaluate
from training.run import Run
from training.state import TrainState, merge
from training.step import EvalStep
from training.stop import StopRequest


def evaluate_with_drop(
    run: Run,
    state: TrainState,
    keep_probs: Sequence[float],
    block_sizes: Sequence[int],
    stop: StopRequest,
) -> Iterator[dict[str, float]]:
    """Evaluates a state once for each block_size and keep_prob.

    DropBlock drops at the sites of the config's groups, with keep_prob scaled by group as in
    training, whatever regulariser the network was trained with.

    Yields:
      ``block_size``, ``keep_prob`` and ``eval/<metric>`` of each evaluation.

    Source: Ghiasi et al. 2018, Figure 5.
    """
    for block_size in block_sizes:
        eval_step_at = _make_eval_step(run, block_size)
        for keep_prob in keep_probs:
            results = evaluate(run, eval_step_at(keep_prob), state, stop)
            if results is None:
                return
            metrics = {f"eval/{name}": value for name, value in results.items()}
            yield {"block_size": block_size, "keep_prob": keep_prob} | metrics


def _make_eval_step(run: Run, block_size: int) -> Callable[[float], EvalStep]:
    """Makes keep_prob -> an evaluation step; they are one program."""
    fields = run.config.regularizer
    dropblock = DropBlock(
        block_size=block_size,
        groups=tuple(fields.groups),
        on_skip=fields.on_skip,
        gamma=fields.gamma,
    )

    def measure(drop: Drop, state: TrainState, batch: Batch) -> Metrics:
        model = merge(run.graphdef, state.eval_params, state.batch_stats)
        return run.task.measure(model, batch, drop)

    @jax.jit
    def step(
        state: TrainState, batch: Batch, key: jax.Array, keep_prob: jax.Array
    ) -> tuple[Metrics, jax.Array]:
        sites = list_sites(measure, state, batch)
        drop = draw_masks(key, sites, {"dropblock": Active(dropblock, keep_prob)})
        return measure(drop, state, batch), jnp.any(batch[STOP])

    def at(keep_prob: float) -> EvalStep:
        numbers = itertools.count()

        def eval_step(state: TrainState, batch: Batch) -> tuple[Metrics, jax.Array]:
            key = jax.random.fold_in(run.values.seed_key, next(numbers))
            return step(state, batch, key, jnp.float32(keep_prob))

        return eval_step

    return at
