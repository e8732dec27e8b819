"""How a network that is there already is put into a run that starts."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runfiles import flat, nested
from training.errors import Refused
from training.origin.network import Network
from training.origin.run_network import RunNetwork
from training.origin.torch_resnet import TorchResNet
from training.printed import counted
from training.state import TrainState

#: The part of a network that another network may be the whole of.
BACKBONE = "backbone."


def open_network(init_from: str) -> Network:
    """Opens the network that ``config.init_from`` names; its arrays are not read yet.

    Args:
      init_from: the workdir of a run, or a file of a ResNet in PyTorch's names.

    Raises:
      Refused: it holds no network that can be started from; one line.
    """
    path = Path(init_from).expanduser()
    return TorchResNet(path) if path.is_file() else RunNetwork(path)


class Origin:
    """A network on disk, as what another run starts from.

    Parts that may be new, such as the last layer where the classes are others, keep their fresh
    parameters; all else must be there in the same shape, and nothing else may be.

    Args:
      init_from: see :func:`open_network`.
      shapes: of the state that starts.
      new_parts: names of the parts of its network that may be new.
      epsilon: of its batch norms; None if it has none.

    Attributes:
      notices: what is taken from where, and what is new or differs, in words.

    Raises:
      Refused: as :func:`open_network`, or the network is another; one line that names what differs.
    """

    def __init__(
        self,
        init_from: str,
        shapes: TrainState,
        new_parts: Sequence[str],
        epsilon: float | None = None,
    ):
        self._network = network = open_network(init_from)
        self._take: dict[str, dict[str, str]] = {}
        absent: Counter[str] = Counter()
        new: list[str] = []
        wrong: list[str] = []
        wanted = {"params": flat(shapes.params), "batch_stats": flat(shapes.batch_stats)}
        for kind, leaves in wanted.items():
            there, take = network.arrays[kind], self._take.setdefault(kind, {})
            for name, leaf in leaves.items():
                # A network's backbone may be the whole of the other.
                own = name if name in there else name.removeprefix(BACKBONE)
                if own in there and tuple(there[own].shape) == leaf.shape:
                    take[name] = own
                elif own not in there and _part(name) in new_parts:
                    absent[_part(name)] += 1
                else:
                    text = f"{name} is {_shape(there.get(own))} there and {_shape(leaf)} here"
                    (new if _part(name) in new_parts else wrong).append(text)
            known = {*leaves, *(name.removeprefix(BACKBONE) for name in leaves)}
            wrong += [
                f"{name} is {_shape(leaf)} there and absent here"
                for name, leaf in there.items()
                if name not in known and _part(name) not in network.new_parts
            ]
        if wrong:
            shown = "; ".join(wrong[:5]) + ("; ..." if len(wrong) > 5 else "")
            count = sum(map(len, wanted.values()))
            raise Refused(
                f"config.init_from={init_from!r} has another network: {shown} "
                f"({len(wrong)} such differences, {count} arrays here)."
            )
        new += [f"{part}, {counted(count, 'array')} absent there" for part, count in absent.items()]
        self.notices = [f"starting from {network.title}", *(f"new: {text}" for text in new)]
        if None not in (epsilon, network.epsilon) and epsilon != network.epsilon:
            self.notices.append(
                f"config.model.epsilon is {network.epsilon} there and {epsilon} here: its batch "
                f"norms compute the same with --config.model.epsilon={network.epsilon}"
            )

    def apply(self, state: TrainState) -> TrainState:
        """Puts the network into a fresh state, on the state's own devices."""
        fresh = {"params": flat(state.params), "batch_stats": flat(state.batch_stats)}
        read = self._network.read(
            {
                kind: {there: fresh[kind][here] for here, there in names.items()}
                for kind, names in self._take.items()
            }
        )
        for kind, names in self._take.items():
            fresh[kind] |= {here: read[kind][there] for here, there in names.items()}
        params = nested(fresh["params"])
        return dataclasses.replace(
            state,
            params=params,
            batch_stats=nested(fresh["batch_stats"]),
            ema=None if state.ema is None else params,
        )


def _part(name: str) -> str:
    return name.removeprefix(BACKBONE).split(".")[0]


def _shape(leaf: Any) -> str:
    return "absent" if leaf is None else str(tuple(leaf.shape))
