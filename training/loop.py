"""The training loop, the same for every task."""

import contextlib
import dataclasses
from pathlib import Path

import jax

from training.checkpoints import Checkpoints
from training.device_batches import DeviceBatches
from training.evaluation import evaluate
from training.progress import Progress
from training.run import Run
from training.run_files import MetricsFile, read_metrics, write_config
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
    if step == run.steps and _is_evaluated(workdir, step):
        checkpoints.close()
        return state, None

    metrics = MetricsFile(workdir, step) if is_writer else None
    progress = Progress(step, run.steps)
    try:
        with StopRequest() as stop:
            loop = _Loop(run, checkpoints, metrics, progress, stop)
            state, complete = loop.go(state, step)
    finally:
        progress.close()
        if metrics is not None:
            metrics.close()
        checkpoints.close()
    return state, None if complete else stop.signal


def _is_evaluated(workdir: Path, step: int) -> bool:
    return any(
        line["step"] == step and any(name.startswith("eval/") for name in line)
        for line in read_metrics(workdir)
    )


def _start(run: Run, checkpoints: Checkpoints) -> tuple[TrainState, int]:
    """The latest checkpoint's state, or a fresh one; and its step."""
    step = checkpoints.step("latest")
    if step is None:
        return run.init_state(), 0
    state, data = checkpoints.restore(step, run.abstract_state())
    return state, data["next_example"] // run.config.batch_size


@dataclasses.dataclass(frozen=True)
class _Loop:
    """What the steps need beside the state."""

    run: Run
    checkpoints: Checkpoints
    metrics: MetricsFile | None
    progress: Progress
    stop: StopRequest

    def go(self, state: TrainState, step: int) -> tuple[TrainState, bool]:
        """Trains from ``step``; returns the last state and whether the run is complete."""
        config, steps = self.run.config, self.run.steps
        if step:
            self.progress.say(f"going on from step {step}")
        if step == steps:  # stopped in the last evaluation
            return state, self.evaluate(state, step) is not None

        results = None
        with contextlib.closing(
            self.run.task.train_batches(step, jax.process_index(), jax.process_count())
        ) as batches:
            on_devices = DeviceBatches(batches, self.run.mesh)
            log = TrainLog(config.batch_size, on_devices, self.progress, self.metrics)
            stopping = False
            while step < steps and not stopping:
                state, scalars = self.run.train_step(state, next(on_devices), self.run.seed_key)
                step += 1
                log.add(scalars)
                stopping = self.stopped()  # asked once a step: one that stops is one that saves
                ends = stopping or step == steps
                evaluates = step == steps or step % config.eval_every == 0
                if ends or step % config.log_every == 0:
                    log.write(step, batches.bad_images.count)
                if ends or evaluates or step % config.checkpoint_every == 0:
                    with log.pause():
                        results = self.evaluate(state, step) if evaluates else None
                        self.checkpoints.save(
                            state, next_example=step * config.batch_size, metrics=results
                        )
                    stopping = stopping or (evaluates and results is None)
        return state, step == steps and results is not None

    def stopped(self) -> bool:
        return self.stop.signal is not None

    def evaluate(self, state: TrainState, step: int) -> dict[str, float] | None:
        """Evaluates and logs; None if a stop was asked for meanwhile."""
        results = evaluate(self.run, state, should_stop=self.stopped)
        if results is None:
            return None
        shown = ", ".join(f"{name} {value:.4f}" for name, value in results.items())
        self.progress.say(f"step {step}: {shown}")
        if self.metrics is not None:
            self.metrics.write(step, {f"eval/{name}": value for name, value in results.items()})
        return results
