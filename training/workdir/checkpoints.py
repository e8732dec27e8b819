"""Checkpoints of a run: the last two and the best, written by Orbax in the background."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from runfiles import CHECKPOINTS, DAMAGED, best_step, checkpoint_steps
from training.devices import processes
from training.errors import Refused, RunError
from training.state import TrainState, fingerprint
from training.workdir import checksums

# What Orbax calls the folder of a checkpoint until it is whole; a detail of its own.
TEMPORARY = "*.orbax-checkpoint-tmp*"
# Seconds after which a save that hangs is an error.
TIMEOUT = 600


class Checkpoints:
    """``workdir/checkpoints``: one folder a step, with all that a run needs to resume bit for bit.

    A checkpoint holds the train state and the data position (the global index of the next
    training example, which does not depend on how many processes read). It counts only if its
    files are as their checksums say; these are written before the folder gets its name.

    Attributes:
      scores: step -> the evaluation metric whose largest value marks the best checkpoint; to be
        kept up to date by whoever evaluates.
      steps: steps of the whole checkpoints there were at the start, ascending.
      damaged: step -> what is wrong with it, of the others.

    Raises:
      Refused: there are checkpoints, but all of them are damaged.
    """

    def __init__(self, workdir: Path, scores: dict[int, float], *, read_only: bool = False):
        """``read_only``: nothing on disk is touched. Otherwise damaged checkpoints are moved to
        ``workdir/damaged``, and what a killed save left behind is deleted."""
        self.scores = scores
        self._folder = (workdir / CHECKPOINTS).absolute()
        self._saved: int | None = None
        self._in_flight = False
        self.steps, damaged = processes.on_first(lambda: _sort(workdir, read_only))
        self.damaged = {int(step): reason for step, reason in damaged.items()}
        policies = preservation_policy
        self._manager = ocp.CheckpointManager(
            self._folder,
            options=ocp.CheckpointManagerOptions(
                create=not read_only,
                read_only=read_only,
                save_interval_steps=0 if read_only else 1,
                cleanup_tmp_directories=not read_only,
                preservation_policy=policies.AnyPreservationPolicy(
                    [policies.LatestN(2), _Best(self.scores)]
                ),
                async_options=ocp.AsyncOptions(
                    timeout_secs=TIMEOUT, post_finalization_callback=self._certify
                ),
            ),
        )

    def _certify(self) -> None:
        # Orbax calls this on process 0 when all files are written, before it renames the folder.
        folders = list(self._folder.glob(TEMPORARY))
        if not folders:
            # Without sums the checkpoint would count as damaged at the next start.
            raise RuntimeError(
                f"Orbax {ocp.__version__} does not write to {TEMPORARY}, so that the sums of the "
                "checkpoint cannot be written"
            )
        for folder in folders:
            checksums.write_sums(folder)

    def save(self, state: TrainState, *, next_example: int) -> None:
        """Starts saving the state after its step; returns when it has been copied from the devices.

        Raises:
          RunError: this save cannot be started, or the one before it failed.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        with self._saving():
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(state),
                    data=ocp.args.JsonSave({"next_example": next_example}),
                ),
            )
        self._saved, self._in_flight = step, True

    def check(self) -> None:
        """Raises RunError if the save in the background has failed, without waiting for it."""
        if self._in_flight and not self._manager.is_saving_in_progress():
            self._in_flight = False
            # The manager's own check_for_errors finds nothing once its thread has ended.
            self.wait()

    def wait(self) -> None:
        """Waits for the save in hand; raises as :meth:`check`."""
        with self._saving():
            self._manager.wait_until_finished()

    def latest(self) -> int | None:
        """Returns the step of the newest whole checkpoint at the start; None without one."""
        return max(self.steps, default=None)

    def best(self) -> int | None:
        """Returns the step of the checkpoint with the best score; None where none was evaluated."""
        return best_step({step: self.scores[step] for step in self.steps if step in self.scores})

    def forget_after(self, step: int) -> None:
        """Deletes the checkpoints newer than ``step``, from which the run resumes."""
        for newer in [other for other in self.steps if other > step]:
            self._manager.delete(newer)
            self.steps.remove(newer)

    def last_good(self) -> str:
        """Names the newest checkpoint, in words, after the save in hand."""
        with contextlib.suppress(Exception):
            self._manager.wait_until_finished()
        steps = checkpoint_steps(self._folder.parent)
        if not steps:
            return "there is no checkpoint yet"
        return f"the last good checkpoint is step {max(steps)} ({self._folder / str(max(steps))})"

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """Reads the state saved at ``step``, and its data.

        ``like`` has ``jax.ShapeDtypeStruct`` leaves: the dtypes and shardings to restore to.
        """
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(like),
                data=ocp.args.JsonRestore(),
            ),
        )
        return restored.state, restored.data

    def restore_network(self, step: int, like: TrainState) -> TrainState:
        """Reads the part of a state that evaluation needs; ``opt_state`` of the result is empty.

        So a run can be evaluated whatever its optimizer was.

        Args:
          step: of the checkpoint.
          like: as for :meth:`restore`; its ``opt_state`` is not looked at.
        """
        part = {
            "step": like.step,
            "params": like.params,
            "batch_stats": like.batch_stats,
            "ema": like.ema,
        }
        checkpointer = ocp.Checkpointer(ocp.PyTreeCheckpointHandler())
        with contextlib.closing(checkpointer):
            restored = checkpointer.restore(
                self._folder / str(step) / "state",
                args=ocp.args.PyTreeRestore(
                    part,
                    restore_args=ocp.checkpoint_utils.construct_restore_args(part),
                    partial_restore=True,
                ),
            )
        return TrainState(**restored, opt_state=())

    def verify(self, state: TrainState, like: TrainState) -> None:
        """Waits for the last save and reads it back, as :meth:`restore`.

        Raises:
          RunError: the save failed, or what it wrote is not ``state``, bit for bit.
        """
        self.wait()
        if self._saved is None:
            return
        written, _ = self.restore(self._saved, like)
        if fingerprint(written) != fingerprint(state):
            raise RunError(f"the checkpoint of step {self._saved} does not read back as written.")

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Waits for what is being saved. What went wrong before is not hidden by this."""
        with contextlib.suppress(Exception) if kind else self._saving():
            self._manager.close()

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        try:
            yield
        except jax.errors.JaxRuntimeError:  # not about files
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:500]
            raise RunError(
                f"a checkpoint could not be saved ({reason}); {self.last_good()}."
            ) from error


class _Best(preservation_policy.PreservationPolicy):
    """Keeps the checkpoint of the best score so far."""

    def __init__(self, scores: dict[int, float]):
        self._scores = scores

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        steps = [checkpoint.step for checkpoint in checkpoints]
        best = best_step({step: self._scores[step] for step in steps if step in self._scores})
        return [checkpoint.step == best for checkpoint in checkpoints]


def inspect(workdir: Path) -> tuple[list[int], dict[int, str]]:
    """Returns the steps of the whole checkpoints, and of the others what is wrong with them."""
    steps = checkpoint_steps(workdir)
    found = {step: checksums.damage(workdir / CHECKPOINTS / str(step)) for step in steps}
    whole = [step for step in steps if found[step] is None]
    damaged = {step: reason for step, reason in found.items() if reason is not None}
    for path in (workdir / CHECKPOINTS).glob("[0-9]*"):
        if path.name.isdigit() and not path.is_dir():
            damaged[int(path.name)] = "it is a file, not a folder"
    return whole, damaged


def _sort(workdir: Path, read_only: bool) -> tuple[list[int], dict[int, str]]:
    """Whole steps and damaged ones; the latter are moved away unless ``read_only``."""
    folder = workdir / CHECKPOINTS
    whole, damaged = inspect(workdir)
    if damaged and not whole:
        reasons = "; ".join(f"step {step}: {reason}" for step, reason in damaged.items())
        raise Refused(
            f"every checkpoint in {folder} is damaged ({reasons}): nothing to resume from. "
            "Nothing was touched; to start from step 0, take another --workdir."
        )
    if not read_only:
        for step in damaged:
            place = workdir / DAMAGED / str(step)
            shutil.rmtree(place, ignore_errors=True)
            place.parent.mkdir(exist_ok=True)
            (folder / str(step)).rename(place)
    return whole, damaged
