"""The training loop, the same for every task."""

import contextlib
import dataclasses
import signal

import jax
import numpy as np

from training.compiled import CompiledSteps, compile_steps
from training.devices import DeviceBatches, processes
from training.errors import NotFinite
from training.evaluation import evaluate
from training.in_flight import StepsInFlight
from training.progress import Progress
from training.protocols import Record, Run
from training.state import TrainState
from training.stop import StopRequest
from training.stopwatch import Stopwatch
from training.train_log import TrainLog


def train(run: Run, record: Record, stop: StopRequest) -> tuple[TrainState, int | None]:
    """Trains to the end, from the record's newest whole checkpoint if there is one.

    Evaluates, checkpoints and logs at the config's intervals and at the end; every evaluated
    state is checkpointed too, so that the best one can be kept. A stop request ends the run after
    the step in hand, with a checkpoint to resume from; with many processes all of them agree on
    that step. The last checkpoint is read back before this returns.

    Args:
      run: see :class:`training.protocols.Run`; one run, or many that train together
        (:mod:`training.together`).
      record: see :class:`training.protocols.Record`; likewise.
      stop: asked after every step.

    Returns:
      The last state, and the signal that stopped the run (None if it is complete).

    Raises:
      RunError: a save failed, or the loss or the state is not finite.
      data.TooManyBadImages: more images than the config's share do not decode.
    """
    step = record.step
    with contextlib.closing(Progress(step, run.steps)) as progress:
        for damaged, reason in record.damaged.items():
            progress.say(
                f"the checkpoint of step {damaged} is damaged ({reason}): moved to damaged/"
            )
        state = record.restore()
        progress.say(
            f"resuming from step {step}" if state else "no checkpoint yet: starting from step 0"
        )
        state = state or run.init_state()
        for notice in run.notices:
            progress.say(notice)
        if step == run.steps and record.is_evaluated(step):
            return state, None

        record.open()
        loader = run.task.train_batches(step, jax.process_index(), jax.process_count())
        with contextlib.closing(loader):
            # Before the steps are compiled: what is wrong with the first images is said at once.
            batches = None if step == run.steps else DeviceBatches(loader, run.mesh, stop)
            steps = compile_steps(run, progress.say)
            with stop.deferred(), processes.together():
                loop = _Loop(run, steps, record, progress, stop)
                state, complete = loop.train(state, step, batches)
                record.verify(state)
    return state, None if complete else stop.signal or signal.SIGTERM


@dataclasses.dataclass(frozen=True)
class _Loop:
    """What the steps need beside the state."""

    run: Run
    steps: CompiledSteps
    record: Record
    progress: Progress
    stop: StopRequest

    def train(
        self, state: TrainState, step: int, batches: DeviceBatches | None
    ) -> tuple[TrainState, bool]:
        """Trains from ``step``; returns the last state and whether the run is complete."""
        config, steps = self.run.config, self.run.steps
        stopped_in_evaluation = step and self.evaluates(step) and not self.record.is_evaluated(step)
        if stopped_in_evaluation and not self.evaluate(state, step):
            return state, False
        if batches is None:
            return state, True

        in_flight = StepsInFlight(self.record.last_good)
        log, watch = TrainLog(config.batch_size), Stopwatch()
        stopping = False
        while step < steps and not stopping:
            state, scalars = self.steps.train(state, next(batches), self.run.values)
            step += 1
            log.add(scalars)
            self.progress.advance()
            in_flight.add(step, scalars)
            self.record.check()
            # Asked once a step: one that stops is one that saves.
            stopping = in_flight.stop_agreed if jax.process_count() > 1 else self.stop.asked
            ends = stopping or step == steps
            if ends or step % config.log_every == 0:
                in_flight.land_all()
                line = log.line(watch.lap(), batches.waited, batches.bad_images)
                batches.waited = 0.0
                self.progress.show(line)
                self.record.log(step, line)
            if ends or self.evaluates(step) or step % config.checkpoint_every == 0:
                in_flight.land_all()
                with watch.saving():
                    self.save(state, step)
            if self.evaluates(step):
                with watch.paused():
                    stopping = not self.evaluate(state, step) or stopping
        return state, step == steps and not stopping

    def evaluates(self, step: int) -> bool:
        return step == self.run.steps or step % self.run.config.eval_every == 0

    def save(self, state: TrainState, step: int) -> None:
        """Saves a state of finite numbers, and no other."""
        finite = np.asarray(self.run.all_finite(state))
        if not finite.all():
            raise NotFinite(
                f"the state is not finite after step {step}", ~finite, self.record.last_good()
            )
        self.record.save(state)

    def evaluate(self, state: TrainState, step: int) -> bool:
        """Evaluates and logs; False if a stop was asked for meanwhile."""
        results = evaluate(self.run, self.steps.evaluate, state, self.stop)
        if results is None:
            return False
        shown = ", ".join(f"{name} {np.mean(value):.4f}" for name, value in results.items())
        self.progress.say(f"step {step}: {shown}")
        self.record.evaluated(step, results)
        return True
