"""Checkpoints of a run: the latest and the best, written by Orbax in the background."""

import math
from pathlib import Path
from typing import Any, Literal

import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from training.state import TrainState


class Checkpoints:
    """``workdir/checkpoints``: what a run needs to go on bit for bit, and its best state.

    A checkpoint holds the train state and the data position (the global index of the next
    training example, which does not depend on how many processes read).
    """

    def __init__(self, workdir: Path, best_metric: str):
        """``best_metric``: the evaluation metric whose largest value marks the best checkpoint."""
        self._best_metric = best_metric
        policies = preservation_policy
        self._manager = ocp.CheckpointManager(
            (workdir / "checkpoints").absolute(),
            options=ocp.CheckpointManagerOptions(
                create=True,
                preservation_policy=policies.AnyPreservationPolicy(
                    [
                        policies.LatestN(1),
                        policies.BestN(get_metric_fn=self._score, n=1),
                    ]
                ),
                best_fn=self._score,
            ),
        )

    def _score(self, metrics: dict[str, float]) -> float:
        return metrics[self._best_metric]

    def save(
        self, state: TrainState, *, next_example: int, metrics: dict[str, float] | None
    ) -> None:
        """Starts saving the state after its step.

        ``metrics`` are of an evaluation at that step; without one it is never the best.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state),
                data=ocp.args.JsonSave({"next_example": next_example}),
            ),
            metrics=metrics or {self._best_metric: -math.inf},
        )

    def step(self, which: Literal["latest", "best"]) -> int | None:
        """The step of a checkpoint; None where there is none."""
        manager = self._manager
        return manager.best_step() if which == "best" else manager.latest_step()

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """The state saved at ``step`` and its data.

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

    def close(self) -> None:
        """Waits for what is being saved; raises what went wrong with it."""
        self._manager.wait_until_finished()
        self._manager.close()
