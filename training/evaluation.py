"""Evaluation over the whole split: every image counts exactly once."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from training.devices import processes, send
from training.protocols import Run
from training.state import TrainState
from training.step import EvalStep
from training.stop import StopRequest


def absent(results: Mapping[str, float]) -> list[str]:
    """The names after the "/" of metrics by class that have no value, as nothing of it occurs."""
    kinds = [name.partition("/")[2] for name, value in results.items() if np.isnan(value)]
    return [name for name in dict.fromkeys(kinds) if name]


def evaluate(
    run: Run,
    eval_step: EvalStep,
    state: TrainState,
    stop: StopRequest,
    *,
    keep: Callable[[Any], None] = lambda metrics: None,
) -> dict[str, Any] | None:
    """Computes the task's metrics over the evaluation split.

    Rows that pad the last batch, and images that do not decode, do not count.

    Args:
      run: the run.
      eval_step: its own, compiled or not.
      state: its state.
      stop: asked after every batch, of all processes.
      keep: called with the metrics of the whole split, of each run.

    Returns:
      Metric name -> value, and ``bad_images``, their number, if there were any; None if stopped
      before the end.
    """
    found: list[Sequence[Any]] = []  # of each batch, the metrics of each run
    loader = run.task.eval_batches(jax.process_index(), jax.process_count())
    with contextlib.closing(loader) as batches:
        for batch in batches:
            metrics, stopping = jax.device_get(eval_step(state, send(run.mesh, batch, stop)))
            if np.any(stopping):
                return None
            found.append(run.each(metrics))
    totals = [_merged(parts) for parts in zip(*found, strict=True)]
    for total in totals:
        keep(total)
    results = run.join([total.values() for total in totals])
    bad_images = sum(processes.gather(batches.bad_images.count))
    return results | ({"bad_images": bad_images} if bad_images else {})


def _merged(parts: Sequence[Any]) -> Any:
    """Merges neighbours, again and again: rows are copied a few times, not once for each batch."""
    while len(parts) > 1:
        parts = [
            left.merge(right[0]) if right else left
            for left, *right in (parts[i : i + 2] for i in range(0, len(parts), 2))
        ]
    return parts[0]
