"""The run that another one starts from: ``config.init_from``."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orbax.checkpoint as ocp

from runfiles import CHECKPOINTS, flat
from training.state import TrainState
from training.workdir.checkpoints import whole_steps


class Origin:
    """The newest whole checkpoint of a run, whose network another run starts from.

    Its parameters are the moving average where the run kept one. Parts that may be new, such as
    the last layer where the classes are others, keep their fresh parameters; all else must be there
    in the same shape.

    Args:
      workdir: of the run to start from.
      shapes: of the state that starts.
      new_parts: names of the parts of the network that may be new.

    Attributes:
      notices: what is taken from where, and what is new, in words.

    Raises:
      FileNotFoundError: there is no whole checkpoint in ``workdir``.
      ValueError: the network is another; one line that names what differs.
    """

    def __init__(self, workdir: Path, shapes: TrainState, new_parts: Sequence[str]):
        steps = whole_steps(workdir)
        if not steps:
            raise FileNotFoundError(
                f"config.init_from={str(workdir)!r} holds no checkpoint: it must be the workdir of "
                "a run."
            )
        self._folder = (workdir / CHECKPOINTS / str(steps[-1]) / "state").absolute()
        with contextlib.closing(ocp.PyTreeCheckpointHandler()) as handler:
            there = handler.metadata(self._folder).tree
        source = "ema" if there.get("ema") else "params"
        wanted = {"params": flat(shapes.params), "batch_stats": flat(shapes.batch_stats)}
        found = {"params": flat(there[source]), "batch_stats": flat(there["batch_stats"])}
        self._source, self._take, new, wrong = source, {}, [], []
        for kind, leaves in wanted.items():
            self._take[kind] = []
            for name, leaf in leaves.items():
                old = found[kind].get(name)
                if old is not None and tuple(old.shape) == leaf.shape:
                    self._take[kind].append(name)
                    continue
                text = f"{name} is {_shape(old)} there and {_shape(leaf)} here"
                (new if name.split(".")[0] in new_parts else wrong).append(text)
        if wrong:
            shown = "; ".join(wrong[:5]) + ("; ..." if len(wrong) > 5 else "")
            raise ValueError(
                f"config.init_from={str(workdir)!r} has another network: {shown} "
                f"({len(wrong)} of {sum(map(len, wanted.values()))} arrays)."
            )
        self.notices = [f"starting from the network of {workdir}, step {steps[-1]}"]
        self.notices += [f"new: {text}" for text in new]

    def apply(self, state: TrainState) -> TrainState:
        """Puts the origin's network into a fresh state, on the state's own devices."""
        like = {
            self._source: _pick(state.params, self._take["params"]),
            "batch_stats": _pick(state.batch_stats, self._take["batch_stats"]),
        }
        with contextlib.closing(ocp.PyTreeCheckpointer()) as checkpointer:
            restored = checkpointer.restore(
                self._folder,
                args=ocp.args.PyTreeRestore(
                    like,
                    restore_args=ocp.checkpoint_utils.construct_restore_args(like),
                    partial_restore=True,
                ),
            )
        params = _merge(state.params, restored[self._source])
        average = None if state.ema is None else params
        stats = _merge(state.batch_stats, restored["batch_stats"])
        return dataclasses.replace(state, params=params, batch_stats=stats, ema=average)


def _shape(leaf: Any) -> str:
    return "absent" if leaf is None else str(tuple(leaf.shape))


def _pick(tree: dict, names: Sequence[str], prefix: str = "") -> dict:
    """The leaves of a nested dict with these flat names."""
    picked = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            if own := _pick(value, names, f"{prefix}{name}."):
                picked[name] = own
        elif f"{prefix}{name}" in names:
            picked[name] = value
    return picked


def _merge(tree: dict, changes: dict) -> dict:
    """A nested dict with some of its leaves replaced."""
    return tree | {
        name: _merge(tree[name], value) if isinstance(value, dict) else value
        for name, value in changes.items()
    }
