"""The two steps that every operation here is made of: draw a mask, apply it."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from dropblock import _check, _masked_multiply, _packed
from dropblock._check import Normalize


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["scale", "dropped", "packed"], meta_fields=[]
)
@dataclasses.dataclass(frozen=True)
class Mask:
    """A mask that was drawn, and all that follows from it.

    A pytree: it goes through ``jit``, ``vmap``, ``scan`` and ``jax.checkpoint``, and may be drawn
    for many keys at once by ``vmap`` and taken apart by ``jax.tree.map(lambda a: a[i], masks)``.

    Attributes:
      scale: float32; what kept units are multiplied with. A scalar, or (batch, 1, ..., 1) if
        every example has its own.
      dropped: float32 scalar, the share of units that this mask really drops.
      packed: the dropped units, one bit each, rounded up to whole words; for
        [`apply_mask`][dropblock.apply_mask] alone.
    """

    scale: jax.Array
    dropped: jax.Array
    packed: _packed.Packed


@jax.named_scope("dropblock")
def draw_mask(
    rng: jax.Array,
    shape: Sequence[int],
    gamma: ArrayLike,
    block_size: int | Sequence[int],
    *,
    shared_channels: bool = False,
    normalize: Normalize = "batch",
) -> Mask:
    """Draws the mask of DropBlock, to be applied later by [`apply_mask`][dropblock.apply_mask].

    ``apply_mask(x, draw_mask(rng, x.shape, ...))`` is ``dropblock(rng, x, ...)``. Use the two
    steps where the mask is needed by itself or more than once: to draw the masks of many places
    together, to log the share that is dropped, or to keep masks out of a rematerialised part of
    a network (drawn before ``jax.checkpoint`` and passed in, a mask is stored at one bit a unit
    instead of being drawn again).

    A block may start wherever it fits whole inside the map and does so with probability
    ``gamma``, independently for every example, channel and start. Blocks may be even, oblong
    and larger than the map (then clipped to it); ``block_size`` 1 is dropout's mask, a block as
    large as the map is SpatialDropout's.

    Args:
      rng: a ``jax.random.key``.
      shape: (batch, *spatial, channels), one to three spatial axes, any of which may be empty;
        the batch may be symbolic (``jax.export``). The last spatial axis times the channels must
        be below 2**30.
      gamma: probability in [0, 1] that a block starts at a position, see
        [`gamma`][dropblock.gamma] and [`exact_gamma`][dropblock.exact_gamma]; a scalar, may be
        traced (a schedule never recompiles).
      block_size: static; an int, or one int per spatial axis; clipped to the map.
      shared_channels: one mask for all channels (a little worse in the paper, section 3); by
        default each channel has its own.
      normalize: what the kept units are scaled with, the number of units over the number of
        kept ones: ``"batch"``: counted over the whole batch, as in the authors' code;
        ``"example"``: counted for every example; ``None``: no scaling.

    Returns:
      The mask; its scale is 1 where nothing is kept.

    Raises:
      ValueError: fewer than three or more than five axes, a block size below 1, a concrete
        gamma outside [0, 1], an unknown ``normalize``, or a map too large.
      TypeError: ``rng`` is not one key, gamma is not a number, or a block size or a size of
        ``shape`` is not an integer.

    Examples:
      >>> import jax
      >>> from dropblock import draw_mask
      >>> mask = draw_mask(jax.random.key(0), (8, 14, 14, 64), gamma=0.01, block_size=7)
      >>> bool(0 < mask.dropped < 1), bool(mask.scale > 1)
      (True, True)

    Source:
      Ghiasi et al. 2018, Algorithm 1 and Figure 2; the count over the batch: resnet_model.py in
      the repository tensorflow/tpu.
    """
    _check.normalize(normalize)
    packed = _sample(rng, shape, gamma, block_size, shared_channels)
    per_example = _packed.count(packed)
    batch, *example = packed.shape
    units = math.prod(example)
    size, dropped, kept = _tally(per_example, batch, units)
    if normalize == "batch":
        scale = _scale(size, kept)
    elif normalize == "example":
        whole = per_example.dtype.type(units)
        scale = _scale(jnp.float32(units), (whole - per_example).astype(jnp.float32))
        scale = jnp.expand_dims(scale, range(1, len(packed.shape)))
    else:
        scale = jnp.ones((), jnp.float32)
    return Mask(scale, dropped / jnp.maximum(size, 1), packed)


@jax.named_scope("dropblock")
def draw_dropout_mask(
    rng: jax.Array,
    shape: Sequence[int],
    keep_prob: ArrayLike,
    *,
    broadcast_dims: Sequence[int] = (),
) -> Mask:
    """Draws the mask of dropout, to be applied later by [`apply_mask`][dropblock.apply_mask].

    Use it where you would use [`draw_mask`][dropblock.draw_mask].

    Args:
      rng: a ``jax.random.key``.
      shape: (batch, *spatial, channels) with up to three spatial axes, any of which may be
        empty; the batch may be symbolic (``jax.export``). (batch, features) is allowed too.
      keep_prob: probability in [0, 1] that a unit is kept; a scalar, may be traced.
      broadcast_dims: axes along which one draw holds, as in Flax's Dropout: the spatial axes
        make SpatialDropout, all axes but the batch DropPath.

    Returns:
      The mask. Its scale is ``1 / keep_prob`` (1 at keep_prob 0, where nothing is kept).

    Raises:
      ValueError: fewer than two or more than five axes, a concrete keep_prob outside [0, 1], or
        an axis in ``broadcast_dims`` that does not exist.
      TypeError: ``rng`` is not one key, keep_prob is not a number, or a size or an axis is not
        an integer.

    Examples:
      >>> import jax
      >>> from dropblock import draw_dropout_mask
      >>> mask = draw_dropout_mask(jax.random.key(0), (8, 14, 14, 64), keep_prob=0.8)
      >>> float(mask.scale)
      1.25

    Source:
      Srivastava et al. 2014.
    """
    key = _check.key(rng)
    shape = _check.shape(shape, least_axes=2)
    keep_prob = jnp.asarray(_check.probability("keep_prob", keep_prob), jnp.float32)
    axes = _check.axes("broadcast_dims", broadcast_dims, len(shape))
    drawn = [1 if axis in axes else size for axis, size in enumerate(shape)]
    kept = jax.random.uniform(key, drawn, jnp.float32) < keep_prob
    packed = _packed.pack(~_with_spatial_axis(kept))
    batch, *example = packed.shape
    size, dropped, _ = _tally(_packed.count(packed), batch, math.prod(example))
    # Where 1 / keep_prob would overflow nothing but the number 0 itself is ever kept.
    scale = 1 / jnp.where(keep_prob >= np.finfo(np.float32).tiny, keep_prob, 1)
    return Mask(scale, dropped / jnp.maximum(size, 1), packed)


@jax.named_scope("dropblock")
def apply_mask(x: jax.Array, mask: Mask) -> jax.Array:
    """Multiplies kept units with ``mask.scale`` and sets the others to 0.

    Computed in float32 at least and rounded once, to ``x``'s dtype. A NaN in a dropped unit is
    gone. The gradient is the mask times the scale; for it one bit a unit is stored.

    Args:
      x: array of the shape that the mask was drawn for, any floating dtype.
      mask: of [`draw_mask`][dropblock.draw_mask] or
        [`draw_dropout_mask`][dropblock.draw_dropout_mask].

    Returns:
      Array of ``x``'s shape and dtype.

    Raises:
      ValueError: the mask was drawn for another shape.
      TypeError: ``x`` is not floating, or ``mask`` is not a [`Mask`][dropblock.Mask].

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock import apply_mask, draw_mask
      >>> x = jnp.ones((8, 14, 14, 64))
      >>> mask = draw_mask(jax.random.key(0), x.shape, gamma=0.01, block_size=7)
      >>> y = apply_mask(x, mask)
      >>> round(float((y == 0).mean() - mask.dropped), 5)
      0.0
    """
    if not isinstance(mask, Mask):
        raise TypeError(f"mask must be a dropblock.Mask, got {type(mask).__name__}.")
    x = _check.feature_map(x, least_axes=2)
    whole = _with_spatial_axis(x)
    drawn = mask.packed.shape
    if len(drawn) != whole.ndim or any(
        size not in (1, full) for size, full in zip(drawn, whole.shape, strict=True)
    ):
        raise ValueError(f"The mask is one of shape {drawn}, which does not fit x: {x.shape}.")
    # The backward pass unpacks the words again: they are all that is kept, one bit a unit. No
    # barrier against common subexpressions, so that one program may still fuse it all.
    apply = jax.checkpoint(_apply, prevent_cse=False)
    y: jax.Array = apply(whole, mask.packed, mask.scale)
    return y.reshape(x.shape)


def block_mask(
    rng: jax.Array,
    shape: Sequence[int],
    gamma: ArrayLike,
    block_size: int | Sequence[int],
    *,
    shared_channels: bool = False,
) -> jax.Array:
    """Draws DropBlock's mask as a plain array: True where a unit is kept.

    Arguments and errors are those of [`draw_mask`][dropblock.draw_mask]; with the same key so are
    the units.

    Returns:
      bool array of ``shape``, its last axis 1 if ``shared_channels``.

    Examples:
      >>> import jax
      >>> from dropblock import block_mask
      >>> kept = block_mask(jax.random.key(0), (1, 5, 5, 1), gamma=1.0, block_size=3)
      >>> kept.shape, bool(kept.any())  # gamma 1: a block starts wherever one fits
      ((1, 5, 5, 1), False)

    Source:
      Ghiasi et al. 2018, Algorithm 1 and Figure 2.
    """
    with jax.named_scope("dropblock"):
        packed = _sample(rng, shape, gamma, block_size, shared_channels)
    channels = 1 if shared_channels else shape[-1]
    return jnp.broadcast_to(~_packed.unpack(packed), (*shape[:-1], channels))


def _sample(
    rng: jax.Array,
    shape: Sequence[int],
    gamma: ArrayLike,
    block_size: int | Sequence[int],
    shared_channels: bool,
) -> _packed.Packed:
    key = _check.key(rng)
    *outer, channels = shape = _check.shape(shape)
    gamma = _check.probability("gamma", gamma)
    block = _check.block_sizes(block_size, shape[1:-1])
    shape = (*outer, 1 if shared_channels else channels)
    _check.row(shape)
    # float32 whatever the activations are: in 16 bits gamma itself would be rounded.
    packed: _packed.Packed = _packed.sample(key, jnp.asarray(gamma, jnp.float32), shape, block)
    return packed


def _tally(per_example: jax.Array, batch: int, units: int) -> tuple[jax.Array, ...]:
    """All units of the batch, the dropped and the kept ones: float32 scalars of exact counts."""

    def counted(dtype: type) -> tuple[jax.Array, ...]:
        if jax.export.is_symbolic_dim(batch):
            size = jnp.asarray(batch).astype(dtype) * dtype(units)
        else:
            size = dtype(batch * units)
        dropped = jnp.sum(per_example.astype(dtype), dtype=dtype)
        return tuple(jnp.asarray(n, jnp.float32) for n in (size, dropped, size - dropped))

    if not jax.export.is_symbolic_dim(batch):
        return counted(_packed.count_dtype(batch * units))
    rough = counted(jnp.float32)
    if units >= 2**32:
        return rough
    exact = counted(jnp.uint32)
    return tuple(jnp.where(rough[0] < 2.0**32, e, r) for e, r in zip(exact, rough, strict=True))


def _scale(size: jax.Array, kept: jax.Array) -> jax.Array:
    return jnp.where(kept > 0, size / jnp.maximum(kept, 1), 1)


def _with_spatial_axis(x: jax.Array) -> jax.Array:
    """(batch, features) as (batch, 1, features); others as they are."""
    return x[:, None] if x.ndim == 2 else x


def _apply(x: jax.Array, packed: _packed.Packed, scale: jax.Array) -> jax.Array:
    compute = _check.wide(x.dtype)
    scaled = _masked_multiply.multiply(x.astype(compute), scale.astype(compute)).astype(x.dtype)
    return jnp.where(_packed.unpack(packed), jnp.zeros((), x.dtype), scaled)
