"""The run that another one starts from: ``config.init_from``."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orbax.checkpoint as ocp

from runfiles import CHECKPOINTS, flat
from training.errors import Refused
from training.state import TrainState
from training.workdir.checkpoints import inspect

#: The part of a network that another network may be the whole of.
BACKBONE = "backbone."


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
      Refused: there is no whole checkpoint in ``workdir``, or the network is another; one line that
        names what differs.
    """

    def __init__(self, workdir: Path, shapes: TrainState, new_parts: Sequence[str]):
        steps, _ = inspect(workdir)
        if not steps:
            raise Refused(
                f"config.init_from={str(workdir)!r} holds no checkpoint: it must be the workdir of "
                "a run."
            )
        self._folder = (workdir / CHECKPOINTS / str(steps[-1]) / "state").absolute()
        with contextlib.closing(ocp.PyTreeCheckpointHandler()) as handler:
            there = handler.metadata(self._folder).tree
        source = "ema" if there.get("ema") else "params"
        wanted = {"params": flat(shapes.params), "batch_stats": flat(shapes.batch_stats)}
        found = {"params": flat(there[source]), "batch_stats": flat(there["batch_stats"])}
        self._source = source
        self._take: dict[str, dict[str, str]] = {}
        new: list[str] = []
        wrong: list[str] = []
        for kind, leaves in wanted.items():
            self._take[kind] = {}
            for name, leaf in leaves.items():
                # A network's backbone may be the whole of the other.
                own = name if name in found[kind] else name.removeprefix(BACKBONE)
                old = found[kind].get(own)
                if old is not None and tuple(old.shape) == leaf.shape:
                    self._take[kind][name] = own
                    continue
                text = f"{name} is {_shape(old)} there and {_shape(leaf)} here"
                (new if name.split(".")[0] in new_parts else wrong).append(text)
        if wrong:
            shown = "; ".join(wrong[:5]) + ("; ..." if len(wrong) > 5 else "")
            raise Refused(
                f"config.init_from={str(workdir)!r} has another network: {shown} "
                f"({len(wrong)} of {sum(map(len, wanted.values()))} arrays)."
            )
        self.notices = [f"starting from the network of {workdir}, step {steps[-1]}"]
        self.notices += [f"new: {text}" for text in new]

    def apply(self, state: TrainState) -> TrainState:
        """Puts the origin's network into a fresh state, on the state's own devices."""
        fresh = {"params": flat(state.params), "batch_stats": flat(state.batch_stats)}
        like = {
            self._source if kind == "params" else kind: _nested(
                {there: fresh[kind][here] for here, there in names.items()}
            )
            for kind, names in self._take.items()
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
        for kind, names in self._take.items():
            found = flat(restored[self._source if kind == "params" else kind])
            fresh[kind] |= {here: found[there] for here, there in names.items()}
        params = _nested(fresh["params"])
        return dataclasses.replace(
            state,
            params=params,
            batch_stats=_nested(fresh["batch_stats"]),
            ema=None if state.ema is None else params,
        )


def _shape(leaf: Any) -> str:
    return "absent" if leaf is None else str(tuple(leaf.shape))


def _nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`runfiles.flat`."""
    tree: dict[str, Any] = {}
    for name, leaf in leaves.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = leaf
    return tree
