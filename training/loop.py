"""The training loop, the same for every task."""

import contextlib
import dataclasses
import signal
from pathlib import Path

import jax

from training import processes
from training.checkpoints import Checkpoints
from training.compiled import CompiledSteps, compile_steps
from training.device_batches import DeviceBatches
from training.errors import RunError
from training.evaluation import evaluate
from training.progress import Progress
from training.run import Run
from training.run_files import MetricsFile, evaluations, write_config
from training.state import TrainState, all_finite
from training.stop import StopRequest
from training.train_log import TrainLog
from training.workdir import WorkdirLock


def train(run: Run, workdir: Path, stop: StopRequest) -> tuple[TrainState, int | None]:
    """Trains to the end, from the newest whole checkpoint if there is one.

    Evaluates, checkpoints and logs at the config's intervals and at the end; every evaluated
    state is checkpointed too, so that the best one can be kept. A stop request ends the run after
    the step in hand, with a checkpoint to go on from; with many processes all of them agree on
    that step. The last checkpoint is read back before this returns.

    Returns:
      The last state, and the signal that stopped the run (None if it is complete).

    Raises:
      Refused: the workdir is in use, is not shared by all processes, or holds damaged
        checkpoints alone. Nothing was touched.
      RunError: a save failed, or the loss or the state is not finite.
      data.TooManyBadImages: more images than the config's share do not decode.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(WorkdirLock(workdir))
        scores = processes.on_first(lambda: evaluations(workdir, run.task.best_metric))
        scores = {int(step): score for step, score in scores.items()}
        checkpoints = stack.enter_context(Checkpoints(workdir, scores))
        step = checkpoints.latest() or 0
        progress = stack.enter_context(contextlib.closing(Progress(step, run.steps)))
        state = _start(run, checkpoints, progress)
        if step == run.steps and step in checkpoints.scores:
            return state, None

        metrics = None
        if processes.is_first():
            write_config(workdir, run.config)
            metrics = stack.enter_context(contextlib.closing(MetricsFile(workdir, step)))
        steps = compile_steps(run, progress.say)
        with stop.deferred(), processes.together():
            loop = _Loop(run, steps, checkpoints, metrics, progress, stop)
            state, complete = loop.go(state, step)
            checkpoints.verify(state)
    return state, None if complete else stop.signal or signal.SIGTERM


def _start(run: Run, checkpoints: Checkpoints, progress: Progress) -> TrainState:
    """The newest whole checkpoint's state, or a fresh one."""
    for step, reason in checkpoints.damaged.items():
        progress.say(f"the checkpoint of step {step} is damaged ({reason}): moved to damaged/")
    step = checkpoints.latest()
    if step is None:
        progress.say("no checkpoint yet: starting from step 0")
        return run.init_state()
    state, data = checkpoints.restore(step, run.abstract_state())
    if data["next_example"] != step * run.config.batch_size:
        raise RunError(
            f"the checkpoint of step {step} is at example {data['next_example']}, which is not "
            f"{step} batches of {run.config.batch_size}."
        )
    progress.say(f"going on from step {step}")
    return state


@dataclasses.dataclass(frozen=True)
class _Loop:
    """What the steps need beside the state."""

    run: Run
    steps: CompiledSteps
    checkpoints: Checkpoints
    metrics: MetricsFile | None
    progress: Progress
    stop: StopRequest

    def go(self, state: TrainState, step: int) -> tuple[TrainState, bool]:
        """Trains from ``step``; returns the last state and whether the run is complete."""
        config, steps = self.run.config, self.run.steps
        stopped_in_evaluation = (
            step and self.evaluates(step) and step not in self.checkpoints.scores
        )
        if stopped_in_evaluation and not self.evaluate(state, step):
            return state, False
        if step == steps:
            return state, True

        with contextlib.closing(
            self.run.task.train_batches(step, jax.process_index(), jax.process_count())
        ) as batches:
            on_devices = DeviceBatches(batches, self.run.mesh, self.stop)
            log = TrainLog(
                *(step, config.batch_size, on_devices, self.progress, self.metrics),
                last_good=self.checkpoints.last_good,
            )
            stopping = False
            while step < steps and not stopping:
                state, scalars = self.steps.train(state, next(on_devices), self.run.seed_key)
                step += 1
                log.add(scalars)
                self.checkpoints.check()
                # Asked once a step: one that stops is one that saves.
                stopping = log.stop_agreed if jax.process_count() > 1 else self.stop.asked
                ends = stopping or step == steps
                if ends or step % config.log_every == 0:
                    log.write(batches.bad_images.count)
                if ends or self.evaluates(step) or step % config.checkpoint_every == 0:
                    with log.saving():
                        self.save(state, step)
                if self.evaluates(step):
                    with log.pause():
                        stopping = not self.evaluate(state, step) or stopping
        return state, step == steps and not stopping

    def evaluates(self, step: int) -> bool:
        return step == self.run.steps or step % self.run.config.eval_every == 0

    def save(self, state: TrainState, step: int) -> None:
        """Saves a state of finite numbers, and no other."""
        if not all_finite(state):
            raise RunError(
                f"the state is not finite after step {step}; {self.checkpoints.last_good()}."
            )
        self.checkpoints.save(state, next_example=step * self.run.config.batch_size)

    def evaluate(self, state: TrainState, step: int) -> bool:
        """Evaluates and logs; False if a stop was asked for meanwhile."""
        results = evaluate(self.run, self.steps.evaluate, state, self.stop)
        if results is None:
            return False
        shown = ", ".join(f"{name} {value:.4f}" for name, value in results.items())
        self.progress.say(f"step {step}: {shown}")
        if self.metrics is not None:
            self.metrics.write(step, {f"eval/{name}": value for name, value in results.items()})
        self.checkpoints.scores[step] = results[self.run.task.best_metric]
        return True
