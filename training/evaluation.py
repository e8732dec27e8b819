"""Evaluation over the whole split: exact sums over every image once."""

import contextlib

import jax
import numpy as np

from training import processes
from training.mesh import to_devices
from training.run import Run
from training.state import TrainState
from training.step import EvalStep
from training.stop import StopRequest


def evaluate(
    run: Run, eval_step: EvalStep, state: TrainState, stop: StopRequest
) -> dict[str, float] | None:
    """The task's metrics, each a mean over the images of the evaluation split.

    Every image counts exactly once: rows that pad the last batch, and images that do not
    decode, are masked out.

    Args:
      run: the run.
      eval_step: its own, compiled or not.
      state: its state.
      stop: asked after every batch, of all processes.

    Returns:
      Metric name -> mean, and ``bad_images``, their number, if there were any; None if stopped
      before the end.
    """
    totals: dict[str, list] = {}
    with contextlib.closing(
        run.task.eval_batches(jax.process_index(), jax.process_count())
    ) as batches:
        for batch in batches:
            results, stopping = jax.device_get(
                eval_step(state, to_devices(run.mesh, stop.mark(batch)))
            )
            if np.any(stopping):
                return None
            for name, pair in results.items():
                total = totals.setdefault(name, [0.0, 0.0])
                total[0] += np.asarray(pair[0], float)
                total[1] += np.asarray(pair[1], float)
    means = {
        name: (total / np.maximum(count, 1)).tolist() for name, (total, count) in totals.items()
    }
    bad_images = sum(processes.gather(batches.bad_images.count))
    return means | ({"bad_images": bad_images} if bad_images else {})
