"""The training loop, the same for every task."""

import contextlib
from pathlib import Path

import jax

from training.checkpoints import Checkpoints
from training.evaluation import evaluate
from training.mesh import to_devices
from training.progress import Progress
from training.run import Run
from training.run_files import MetricsFile, write_config
from training.state import TrainState
from training.stop import StopRequest
from training.train_log import TrainLog


def train(run: Run, workdir: Path) -> tuple[TrainState, int | None]:
    """Trains to the end, from the latest checkpoint if there is one.

    Evaluates, checkpoints and logs at the config's intervals and at the end; every evaluation
    is checkpointed too, so that the best one can be kept. A first SIGINT or SIGTERM ends the
    run after the step in hand, with a checkpoint to go on from.

    Returns:
      The last state, and the signal that stopped the run (None if it is complete).

    Raises:
      data.TooManyBadImages: more images than the config's share do not decode.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    is_writer = jax.process_index() == 0
    if is_writer:
        write_config(workdir, run.config)
    checkpoints = Checkpoints(workdir, run.task.best_metric)
    state, step = _start(run, checkpoints)
    if step >= run.steps:
        checkpoints.close()
        return state, None

    metrics = MetricsFile(workdir, step) if is_writer else None
    progress = Progress(step, run.steps)
    try:
        with StopRequest() as stop:
            state = _train(run, state, step, checkpoints, metrics, progress, stop)
    finally:
        progress.close()
        if metrics is not None:
            metrics.close()
        checkpoints.close()
    return state, stop.signal if int(state.step) < run.steps else None


def _start(run: Run, checkpoints: Checkpoints) -> tuple[TrainState, int]:
    """The latest checkpoint's state, or a fresh one; and its step."""
    step = checkpoints.step("latest")
    if step is None:
        return run.init_state(), 0
    state, data = checkpoints.restore(step, run.abstract_state())
    return state, data["next_example"] // run.config.batch_size


def _train(
    run: Run,
    state: TrainState,
    step: int,
    checkpoints: Checkpoints,
    metrics: MetricsFile | None,
    progress: Progress,
    stop: StopRequest,
) -> TrainState:
    config = run.config
    if step:
        progress.say(f"going on from step {step}")
    log = TrainLog(config.batch_size, progress, metrics)
    batches = run.task.train_batches(step, jax.process_index(), jax.process_count())
    with contextlib.closing(batches):
        while step < run.steps and stop.signal is None:
            state, scalars = run.train_step(
                state, to_devices(run.mesh, next(batches)), run.seed_key
            )
            step += 1
            log.add(scalars)
            ends = step == run.steps or stop.signal is not None
            if ends or step % config.log_every == 0:
                log.write(step, batches.bad_images.count)

            results = None
            if step == run.steps or step % config.eval_every == 0:
                with log.pause():
                    results = evaluate(run, state, should_stop=lambda: stop.signal is not None)
                if results is not None:
                    progress.say(f"step {step}: " + _describe(results))
                    if metrics is not None:
                        metrics.write(step, {f"eval/{name}": v for name, v in results.items()})
            if ends or results or stop.signal is not None or step % config.checkpoint_every == 0:
                with log.pause():
                    checkpoints.save(state, next_example=step * config.batch_size, metrics=results)
    return state


def _describe(results: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in results.items())
