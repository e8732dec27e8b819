"""The base of all regularisers: where they drop, and with which keep_prob at each step."""

import abc
import dataclasses
from typing import ClassVar, NamedTuple

import jax
from jax.typing import ArrayLike

from dropblock import Mask, constant_keep_prob, group_keep_prob, linear_keep_prob
from regularizers.sites import Site

GROUPS = (1, 2, 3, 4)
SCHEDULES = ("linear", "constant")
BRANCHES = frozenset({"fcn"})


class Expectation(NamedTuple):
    """What a regulariser is going to do at a site.

    Attributes:
      dropped: share of the units that it drops, in the mean.
      words: its own numbers there, such as a block's size.
      odd: what is probably not meant; empty if nothing is.
    """

    dropped: float
    words: str = ""
    odd: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regularizer(abc.ABC):
    """A way to drop units: its sites, its schedule and its masks.

    The fields are those of ``config.regularizer`` that it takes. A subclass says which ``KINDS``
    of sites it drops at, and draws their masks.

    Attributes:
      keep_prob: probability that a unit is kept at the end of training; may be traced.
      groups: the block groups (1 to 4) whose sites drop.
      schedule: "linear" (keep_prob falls from 1 to its target over the whole run) or "constant".
      scale_by_group: whether earlier groups drop less, see :func:`dropblock.group_keep_prob`.
      branches: whether it drops in the fully convolutional branches of a dense task (their sites
        are of group 4) instead of in the backbone.

    Raises:
      ValueError: a value that is not allowed; the message begins with the field's name.
    """

    keep_prob: ArrayLike = 0.9
    groups: tuple[int, ...] = (3, 4)
    schedule: str = "linear"
    scale_by_group: bool = True
    branches: bool = False

    KINDS: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        if not isinstance(self.keep_prob, jax.Array) and not 0 < float(self.keep_prob) <= 1:  # type: ignore[arg-type]
            raise ValueError(f"keep_prob must be in (0, 1], got {self.keep_prob}.")
        for group in self.groups:
            if group not in GROUPS:
                raise ValueError(
                    f"groups must be groups from 1 to 4, got {group!r} in {tuple(self.groups)}."
                )
        if not self.groups or len(set(self.groups)) != len(self.groups):
            raise ValueError(
                f"groups must name at least one group and none twice, got {tuple(self.groups)}."
            )
        if self.schedule not in SCHEDULES:
            raise ValueError(
                f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}."
            )

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of sites at which it drops, see :class:`regularizers.Site`."""
        return self.KINDS

    def drops_at(self, site: Site) -> bool:
        """Tells whether it drops units at a site."""
        kinds = BRANCHES if self.branches else self.kinds
        return site.group in self.groups and site.kind in kinds

    def keep_prob_at(self, step: ArrayLike, steps: int) -> ArrayLike:
        """Computes the keep_prob of a step in a run of ``steps`` steps, before scaling by group."""
        if self.schedule == "linear":
            return linear_keep_prob(self.keep_prob, steps)(step)
        return constant_keep_prob(self.keep_prob)(step)

    def keep_prob_of(self, group: int, keep_prob: ArrayLike) -> ArrayLike:
        """Computes the keep_prob of one group from that of the step."""
        return group_keep_prob(keep_prob, group) if self.scale_by_group else keep_prob

    def expect(self, shape: tuple[int, ...], keep_prob: float) -> Expectation:
        """Says what it does at a site; it draws nothing.

        Args:
          shape: of the array at the site.
          keep_prob: of the step and group.
        """
        return Expectation(1 - keep_prob)

    @abc.abstractmethod
    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Mask:
        """Draws the mask of one site.

        Args:
          key: a ``jax.random.key``, of the site and step.
          shape: of the array at the site.
          keep_prob: of the step and group; may be traced.
        """
