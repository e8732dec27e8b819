"""AmoebaNet-A, B, C and D for large and for small images.

Real et al. 2018 (arXiv 1802.01548) with the choices of the authors' code: two reduction cells
after the stem, then three stacks of normal cells with a reduction cell between two of them
(Zoph et al. 2018, arXiv 1707.07012). What their text leaves open is decided by the published
numbers of parameters and multiply-adds.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.amoebanet_cells import GENOTYPES, Genotype
from models.amoebanet_operations import CellSites, ConvNorm, HalveMap, Operation
from models.drop_sites import Drop

SIDES = ("left", "right")


class Place(NamedTuple):
    """Where a cell stands in the network. ``group``: of its drop sites."""

    name: str
    width: int
    reduction: bool
    group: int


def places(num_cells: int, num_filters: int, *, stem_cells: bool) -> list[Place]:
    """All cells in order of depth.

    The last half, group 4, is of the normal cells and the reduction cells between them, so that
    it is the same with and without cells in the stem.
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
    and "skip" where one of these two goes straight into the output. The states 2 to 6 in the
    output are no skips but the cell's own results, and were dropped from on their edges.
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
        momentum: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        """``previous_features``: None in the first cell, before which there is none.

        ``after_reduction``: the cell before was one, so ``previous`` has twice the size of ``x``.
        """
        options = {"momentum": momentum, "dtype": dtype, "rngs": rngs}
        self.group, self.outputs = group, genotype.outputs
        self.reads = tuple((left, right) for (_, left), (_, right) in genotype.sums)
        self.input = ConvNorm(in_features, width, **options)
        features = [width] * (2 + len(genotype.sums))
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
            for side, (operation, source) in zip(SIDES, edges, strict=True):
                stride = 2 if reduction and source < 2 else 1
                edge = Operation(operation, features[source], width, stride, **options)
                setattr(self, f"state{state}_{side}", edge)
        self.halved = tuple(state for state in self.outputs if reduction and state < 2)
        for state in self.halved:
            setattr(self, f"output{state}", HalveMap(features[state], width, **options))
            features[state] = width
        self.out_features = sum(features[state] for state in self.outputs)

    def __call__(
        self, previous: jax.Array, x: jax.Array, *, train: bool, drop: Drop | None
    ) -> jax.Array:
        sites = CellSites(drop, self.group)
        states = [sites(self.input(nnx.relu(x), train=train), "conv")]
        if self.previous is not None:
            previous = sites(self.previous(nnx.relu(previous), train=train), "conv")
        states.append(previous)
        for state, sources in enumerate(self.reads, start=2):
            left, right = (
                getattr(self, f"state{state}_{side}")(states[source], train=train, sites=sites)
                for side, source in zip(SIDES, sources, strict=True)
            )
            states.append(left + right)
        for state in self.halved:
            halve = getattr(self, f"output{state}")
            states[state] = halve(nnx.relu(states[state]), train=train)
        outputs = [
            sites(states[state], "skip") if state < 2 else states[state] for state in self.outputs
        ]
        return jnp.concatenate(outputs, axis=-1)


class AuxHead(nnx.Module):
    """A second classifier on the maps after two thirds of the cells, for training only.

    Its last convolution covers the whole pooled map: 6x6 at 331x331, 4x4 for ``small_images`` at
    32x32. Zeros fill up the map of a smaller image, and a larger one's logits are the mean of
    its positions.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        small_images: bool,
        momentum: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        options = {"momentum": momentum, "dtype": dtype, "rngs": rngs}
        self.side = 4 if small_images else 6
        # 128 and 768 in the text, times 0.4 in the code.
        self.narrow = ConvNorm(in_features, 51, **options)
        self.whole = ConvNorm(51, 307, (self.side, self.side), padding="VALID", **options)
        self.linear = nnx.Linear(
            307, num_classes, kernel_init=nnx.initializers.normal(0.01), rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """(batch, height, width, in_features) after ReLU -> (batch, num_classes) float32."""
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
      num_classes: number of logits.
      aux_head: has auxiliary logits in training.
      small_images: a 3x3 stem of stride 1, three times as wide as the first cells (NASNet-A's for
        CIFAR-10), in place of the 3x3 stem of stride 2 with two reduction cells.
      momentum: of the running statistics of batch norm; a short run needs a smaller one.
      remat: computes a cell's inside again for its gradient instead of keeping it.
      in_channels: channels of the images.
      dtype: of the computation; parameters and statistics are float32.
      rngs: stream "params".

    Raises:
      ValueError: an unknown cell, no cells, or too few filters for a cell's bottleneck.
    """

    def __init__(
        self,
        *,
        cell: str = "b",
        num_cells: int = 6,
        num_filters: int = 256,
        num_classes: int = 1000,
        aux_head: bool = True,
        small_images: bool = False,
        momentum: float = 0.9997,
        remat: bool = False,
        in_channels: int = 3,
        dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if cell not in GENOTYPES:
            raise ValueError(f"cell must be one of {sorted(GENOTYPES)}, got {cell!r}.")
        if num_cells < 1:
            raise ValueError(f"num_cells must be at least 1, got {num_cells}.")
        if num_filters < 16:
            raise ValueError(f"num_filters must be at least 16, got {num_filters}.")
        options = {"momentum": momentum, "dtype": dtype, "rngs": rngs}
        self.remat = remat
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
        self, x: jax.Array, *, train: bool = False, drop: Drop | None = None
    ) -> list[jax.Array]:
        """The maps after each stack and ReLU: (batch, height, width, channels) each."""

        def apply(drop: Drop | None, cell: Cell, previous: jax.Array, x: jax.Array) -> jax.Array:
            return cell(previous, x, train=train, drop=drop)

        if not self.remat or not train:
            apply = functools.partial(apply, drop)
        elif drop is None:
            apply = nnx.remat(functools.partial(apply, None))
        else:
            apply = drop.remat(apply)
        previous = x = self.stem(x, train=train)
        maps = []
        for name in self.cells:
            previous, x = x, apply(getattr(self, name), previous, x)
            if name in self.ends:
                maps.append(nnx.relu(x))
        return maps

    def logits_and_aux(
        self, x: jax.Array, *, train: bool = False, drop: Drop | None = None
    ) -> tuple[jax.Array, jax.Array | None]:
        """Logits as of :meth:`__call__`, and in training those of the auxiliary head, if any."""
        maps = self.features(x, train=train, drop=drop)
        pooled = jnp.mean(maps[-1].astype(jnp.float32), axis=(1, 2))
        if drop is not None:
            pooled = drop(pooled, group=4, site="head")
        logits = self.head(pooled)
        aux = self.aux(maps[-2], train=train) if train and self.aux is not None else None
        return logits, aux

    def __call__(self, x: jax.Array, *, train: bool = False, drop: Drop | None = None) -> jax.Array:
        """Logits.

        Args:
          x: (batch, height, width, in_channels), normalised images.
          train: batch norm uses and updates the batch's statistics.
          drop: called as ``drop(x, group=..., site=...)`` at every drop site; group is 4 in the
            last half of the cells and 3 before. None leaves no trace in the compiled program. In
            training with ``remat`` it has to be a :class:`models.drop_sites.ActiveSites`.

        Returns:
          (batch, num_classes) float32.
        """
        return self.logits_and_aux(x, train=train, drop=drop)[0]
