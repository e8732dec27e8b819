"""The network of a run: its newest whole checkpoint."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
import orbax.checkpoint as ocp

import registry
from runfiles import CHECKPOINTS, flat, nested, read_record
from training.errors import Refused
from training.origin.network import Arrays
from training.workdir.checkpoints import inspect


class RunNetwork:
    """The network of a run, see :class:`training.origin.network.Network`.

    Its parameters are the moving average where the run kept one.

    Args:
      workdir: of the run.

    Raises:
      Refused: it holds no whole checkpoint, or its network is not known here; one line.
    """

    def __init__(self, workdir: Path):
        steps, _ = inspect(workdir)
        record = read_record(workdir)
        if not steps or record is None:
            raise Refused(
                f"config.init_from={str(workdir)!r} holds no checkpoint: it must be the workdir of "
                "a run, or a .safetensors, .pth or .pt file of a ResNet."
            )
        model = record.config["model"]
        self.title = f"the network of {workdir}, step {steps[-1]}"
        self.epsilon = model.get("epsilon")
        self.new_parts = _new_parts(workdir, model["name"])
        self._folder = (workdir / CHECKPOINTS / str(steps[-1]) / "state").absolute()
        with contextlib.closing(ocp.PyTreeCheckpointHandler()) as handler:
            there = handler.metadata(self._folder).tree
        self._params = "ema" if there.get("ema") else "params"
        self.arrays: Arrays = {
            "params": flat(there[self._params]),
            "batch_stats": flat(there["batch_stats"]),
        }

    def read(self, like: Mapping[str, Mapping[str, jax.Array]]) -> Arrays:
        tree = {
            self._params: nested(like["params"]),
            "batch_stats": nested(like["batch_stats"]),
        }
        with contextlib.closing(ocp.PyTreeCheckpointer()) as checkpointer:
            restored = checkpointer.restore(
                self._folder,
                args=ocp.args.PyTreeRestore(
                    tree,
                    restore_args=ocp.checkpoint_utils.construct_restore_args(tree),
                    partial_restore=True,
                ),
            )
        return {
            "params": flat(restored[self._params]),
            "batch_stats": flat(restored["batch_stats"]),
        }


def _new_parts(workdir: Path, model: str) -> Sequence[str]:
    try:
        return getattr(registry.find("models", model), "NEW_PARTS", ("head",))
    except ValueError as error:
        raise Refused(f"config.init_from={str(workdir)!r} has another network: {error}") from error
