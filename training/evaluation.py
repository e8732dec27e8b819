"""Evaluation over the whole split: exact sums over every image once."""

import contextlib
from collections.abc import Callable

import jax

from training.mesh import to_devices
from training.run import Run
from training.state import TrainState


def evaluate(
    run: Run, state: TrainState, should_stop: Callable[[], bool] = lambda: False
) -> dict[str, float] | None:
    """The task's metrics, each a mean over the images of the evaluation split.

    Every image counts exactly once: rows that pad the last batch, and images that do not
    decode, are masked out.

    Args:
      run: the run.
      state: its state.
      should_stop: asked after every batch.

    Returns:
      Metric name -> mean, and ``bad_images``, their number on this process, if there were any;
      None if stopped before the end.
    """
    totals: dict[str, list[float]] = {}
    with contextlib.closing(
        run.task.eval_batches(jax.process_index(), jax.process_count())
    ) as batches:
        for batch in batches:
            results = run.eval_step(state, to_devices(run.mesh, batch))
            for name, pair in jax.device_get(results).items():
                total = totals.setdefault(name, [0.0, 0.0])
                total[0] += float(pair[0])
                total[1] += float(pair[1])
            if should_stop():
                return None
    means = {name: total / max(count, 1) for name, (total, count) in totals.items()}
    bad_images = batches.bad_images.count
    return means | ({"bad_images": bad_images} if bad_images else {})
