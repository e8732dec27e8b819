"""AmoebaNet-A, B, C and D for large and for small images.

Real et al. 2018 (arXiv 1802.01548) with the choices of the authors' code: two reduction cells
after the stem, then three stacks of normal cells with a reduction cell between two of them
(Zoph et al. 2018, arXiv 1707.07012). What their text leaves open is decided by the published
numbers of parameters and multiply-adds.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.amoebanet_cells import GENOTYPES, Genotype
from models.amoebanet_operations import ConvNorm, HalveMap, Operation
from models.layers.batch_norm import check_batch_norm
from regularizers import NO_DROP, Drop

SIDES = ("left", "right")


class Place(NamedTuple):
    """A cell of the network: its place, its shape and the block group of its drop sites."""

    name: str
    width: int
    reduction: bool
    group: int


def places(num_cells: int, num_filters: int, *, stem_cells: bool) -> list[Place]:
    """Lists all cells in order of depth.

    Group 4 is the last half of the cells, not counting those of the stem, so that it is the same
    with and without a stem of cells.
    """
    cells = []
    for stack in (1, 2, 3):
        width = num_filters * 2 ** (stack - 1)
        if stack > 1:
            cells.append((f"reduction{stack - 1}", width, True))
        cells += [(f"stack{stack}_cell{i}", width, False) for i in range(1, num_cells + 1)]
    stem = [
        Place(f"stem_cell{i}", num_filters // divisor, True, 3) for i, divisor in ((1, 4), (2, 2))
    ]
    return (stem if stem_cells else []) + [
        Place(*cell, group=4 if 2 * index >= len(cells) else 3) for index, cell in enumerate(cells)
    ]


class Cell(nnx.Module):
    """One cell: seven states from the outputs of the two cells before, some of them the output.

    Drop sites: those of its operations, "conv" after the batch norms that make states 0 and 1,
    and "skip" where one of these two goes straight into the output. States 2 to 6 have none in
    the output: units were dropped on their edges.

    Args:
      genotype: the cell's operations and outputs.
      previous_features: channels of the cell before the last; None in the first cell.
      in_features: channels of the last cell's output.
      width: channels of the cell's states.
      reduction: whether it halves the map.
      after_reduction: whether the cell before did, so that ``previous`` is twice as large.
      group: block group of the drop sites.
      options: ``momentum``, ``epsilon``, ``dtype`` and ``rngs`` of the convolutions.
    """

    def __init__(
        self,
        genotype: Genotype,
        previous_features: int | None,
        in_features: int,
        width: int,
        *,
        reduction: bool,
        after_reduction: bool,
        group: int,
        **options: Any,
    ):
        self.group, self.outputs = group, genotype.outputs
        self.reads = tuple((left, right) for (_, left), (_, right) in genotype.sums)
        self.input = ConvNorm(in_features, width, **options)
        features = [width] * (2 + len(genotype.sums))
        self.previous: ConvNorm | HalveMap | None
        if previous_features is None:
            # The published counts decided that the first cell's state 1 is its input as it is.
            self.previous, features[1] = None, in_features
        elif after_reduction:
            self.previous = HalveMap(previous_features, width, **options)
        elif previous_features != width:
            self.previous = ConvNorm(previous_features, width, **options)
        else:
            self.previous = None
        for state, edges in enumerate(genotype.sums, start=2):
            for name, (operation, source) in zip(_edges(state), edges, strict=True):
                stride = 2 if reduction and source < 2 else 1
                edge = Operation(operation, features[source], width, stride, group, **options)
                setattr(self, name, edge)
        self.halved = tuple(state for state in self.outputs if reduction and state < 2)
        for state in self.halved:
            setattr(self, f"output{state}", HalveMap(features[state], width, **options))
            features[state] = width
        self.out_features = sum(features[state] for state in self.outputs)

    def __call__(self, previous: jax.Array, x: jax.Array, *, train: bool, drop: Drop) -> jax.Array:
        x = drop(self.input(nnx.relu(x), train=train), group=self.group, site="conv1")
        if self.previous is not None:
            previous = self.previous(nnx.relu(previous), train=train)
            previous = drop(previous, group=self.group, site="conv2")
        states = [x, previous]
        for state, sources in enumerate(self.reads, start=2):
            left, right = (
                getattr(self, edge)(states[source], train=train, drop=drop.at(edge))
                for source, edge in zip(sources, _edges(state), strict=True)
            )
            states.append(left + right)
        for state in self.halved:
            halve = getattr(self, f"output{state}")
            states[state] = halve(nnx.relu(states[state]), train=train)
        outputs = [
            drop(states[state], group=self.group, site=f"skip{state}") if state < 2
            else states[state]
            for state in self.outputs
        ]  # fmt: skip
        return jnp.concatenate(outputs, axis=-1)


def _edges(state: int) -> list[str]:
    return [f"state{state}_{side}" for side in SIDES]


class AuxHead(nnx.Module):
    """A second classifier on the maps after two thirds of the cells, for training only.

    Its last convolution covers the whole pooled map: 6x6 at 331x331, 4x4 for ``small_images`` at
    32x32. Zeros fill up the map of a smaller image, and a larger one's logits are the mean of
    its positions.
    """

    def __init__(
        self, in_features: int, num_classes: int, *, small_images: bool, rngs: nnx.Rngs, **options
    ):
        options["rngs"] = rngs
        self.side = 4 if small_images else 6
        # 128 and 768 in the text, times 0.4 in the code.
        self.narrow = ConvNorm(in_features, 51, **options)
        self.whole = ConvNorm(51, 307, (self.side, self.side), padding="VALID", **options)
        self.linear = nnx.Linear(
            307, num_classes, kernel_init=nnx.initializers.normal(0.01), rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Computes logits, (batch, num_classes) float32, from maps after ReLU."""
        window = (min(5, x.shape[1]), min(5, x.shape[2]))
        x = nnx.relu(self.narrow(nnx.avg_pool(x, window, (3, 3)), train=train))
        missing = [(0, max(0, self.side - side)) for side in x.shape[1:3]]
        x = jnp.pad(x, [(0, 0), *missing, (0, 0)])
        x = nnx.relu(self.whole(x, train=train)).astype(jnp.float32)
        return jnp.mean(self.linear(x), axis=(1, 2))


class AmoebaNet(nnx.Module):
    """An AmoebaNet classifier.

    Args:
      cell: "a", "b", "c" or "d", the architecture's last letter.
      num_cells: normal cells in each of the three stacks; 6 in the paper.
      num_filters: width of the first stack's cells. It doubles with every stack.
      aux_head: whether training has auxiliary logits too.
      small_images: a 3x3 stem of stride 1, three times as wide as the first cells (NASNet-A's for
        CIFAR-10), in place of the 3x3 stem of stride 2 with two reduction cells.
      momentum: of the running statistics of batch norm; a short run needs a smaller one.
      epsilon: of batch norm.
      remat: whether the backward pass computes the inside of each cell again, to save memory.
      frozen: beginnings of parameter names, such as "stem" or "stack1", that training leaves as
        they are.
      num_classes: number of logits.
      in_channels: channels of the images.
      dtype: of the computation; parameters and statistics are float32.
      rngs: stream "params".

    Raises:
      ValueError: an unknown cell, no cells, or too few filters for a cell's bottleneck; the
        message begins with the field's name.
    """

    #: The parts that may be new where a run starts from another network (``config.init_from``).
    NEW_PARTS = ("head", "aux")

    def __init__(
        self,
        *,
        cell: str = "b",
        num_cells: int = 6,
        num_filters: int = 256,
        aux_head: bool = True,
        small_images: bool = False,
        momentum: float = 0.9997,
        epsilon: float = 1e-3,
        remat: bool = False,
        frozen: tuple[str, ...] = (),
        num_classes: int = 1000,
        in_channels: int = 3,
        dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if cell not in GENOTYPES:
            raise ValueError(f"cell must be one of {', '.join(GENOTYPES)}, got {cell!r}.")
        if num_cells < 1:
            raise ValueError(f"num_cells must be at least 1, got {num_cells}.")
        if num_filters < 16:
            raise ValueError(f"num_filters must be at least 16, got {num_filters}.")
        check_batch_norm(momentum, epsilon)
        options: dict[str, Any] = {
            "momentum": momentum, "epsilon": epsilon, "dtype": dtype, "rngs": rngs,
        }  # fmt: skip
        self.remat, self.frozen = remat, tuple(frozen)
        features = 3 * num_filters if small_images else 32
        self.stem = ConvNorm(
            in_channels,
            features,
            (3, 3),
            (1, 1) if small_images else (2, 2),
            padding="SAME" if small_images else "VALID",
            **options,
        )
        normal, reduction = GENOTYPES[cell]
        cells = places(num_cells, num_filters, stem_cells=not small_images)
        self.cells = tuple(place.name for place in cells)
        self.ends = tuple(f"stack{stack}_cell{num_cells}" for stack in (1, 2, 3))
        previous, after_reduction, widths = None, False, []
        for name, width, reduces, group in cells:
            built = Cell(
                reduction if reduces else normal,
                previous,
                features,
                width,
                reduction=reduces,
                after_reduction=after_reduction,
                group=group,
                **options,
            )
            setattr(self, name, built)
            previous, features, after_reduction = features, built.out_features, reduces
            if name in self.ends:
                widths.append(features)
        self.aux = (
            AuxHead(widths[-2], num_classes, small_images=small_images, **options)
            if aux_head
            else None
        )
        self.head = nnx.Linear(
            features, num_classes, kernel_init=nnx.initializers.normal(0.01), rngs=rngs
        )

    def features(
        self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP
    ) -> list[jax.Array]:
        """Computes the maps after each stack and ReLU, (batch, height, width, channels)."""

        def apply(cell: Cell, drop: Drop, previous: jax.Array, x: jax.Array) -> jax.Array:
            return cell(previous, x, train=train, drop=drop)

        # The masks are drawn outside: they are kept for the backward pass, one bit a unit.
        if self.remat and train:
            apply = nnx.remat(apply)
        previous = x = self.stem(x, train=train)
        maps = []
        for name in self.cells:
            previous, x = x, apply(getattr(self, name), drop.at(name), previous, x)
            if name in self.ends:
                maps.append(nnx.relu(x))
        return maps

    def logits_and_aux(
        self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, jax.Array | None]:
        """Computes logits, and in training those of the auxiliary head, if there is one."""
        maps = self.features(x, train=train, drop=drop)
        pooled = jnp.mean(maps[-1].astype(jnp.float32), axis=(1, 2))
        logits = self.head(drop(pooled, group=4, site="head"))
        aux = self.aux(maps[-2], train=train) if train and self.aux is not None else None
        return logits, aux

    def __call__(self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP) -> jax.Array:
        """Computes logits.

        Args:
          x: (batch, height, width, in_channels), normalised images.
          train: batch norm uses and updates the batch's statistics.
          drop: called at every drop site, whose group is 4 in the last half of the cells and 3
            before; by default nothing is dropped.

        Returns:
          (batch, num_classes) float32.
        """
        return self.logits_and_aux(x, train=train, drop=drop)[0]
