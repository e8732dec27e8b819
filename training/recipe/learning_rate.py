"""The learning rate as a function of the step."""

import collections
from collections.abc import Callable, Sequence
from typing import NamedTuple

import optax
from jax.typing import ArrayLike
from ml_collections import ConfigDict

from training.recipe.length import steps_of, total_steps


class Phase(NamedTuple):
    """What a schedule after the warm-up is made from.

    Attributes:
      peak: the learning rate at the end of the warm-up; may be traced.
      warmup: its length, in steps.
      total: length of the run, in steps.
      steps_per_epoch: may be a fraction.
    """

    peak: ArrayLike
    warmup: int
    total: int
    steps_per_epoch: float


def learning_rate(config: ConfigDict, train_examples: int, base: ArrayLike) -> optax.Schedule:
    """Makes the schedule step -> learning rate: linear warm-up from 0, then the config's schedule.

    Args:
      config: of the run; see ``config.learning_rate`` in ``configs/common.py``.
      train_examples: in one epoch.
      base: learning rate per 256 images of batch size (Goyal et al. 2017); may be traced.
    """
    peak = base * config.batch_size / 256
    total = total_steps(config, train_examples)
    warmup, _ = warmup_steps(config, train_examples)
    phase = Phase(peak, warmup, total, train_examples / config.batch_size)
    after = SCHEDULES[config.learning_rate.schedule](config.learning_rate, phase)
    return optax.join_schedules([optax.linear_schedule(0.0, peak, max(warmup, 1)), after], [warmup])


def warmup_steps(config: ConfigDict, train_examples: int) -> tuple[int, int]:
    """The steps of warm-up: those that fit, and those that were asked for.

    A short run keeps at least half of its steps.
    """
    rate = config.learning_rate
    asked = steps_of(rate.warmup_steps, rate.warmup_epochs, train_examples / config.batch_size)
    return min(asked, total_steps(config, train_examples) // 2), asked


def cosine(rate: ConfigDict, phase: Phase) -> optax.Schedule:
    """Falls to 0 at the end of the run along half a cosine."""
    return optax.cosine_decay_schedule(phase.peak, phase.total - phase.warmup)


def piecewise(rate: ConfigDict, phase: Phase) -> optax.Schedule:
    """Falls by ``drop_factor`` at each of ``drop_steps`` or ``drop_epochs``."""
    drops: Sequence[float] = rate.drop_steps or [
        epoch * phase.steps_per_epoch for epoch in rate.drop_epochs
    ]
    # In a short run several drops may fall on one step.
    factors: dict[int, float] = collections.defaultdict(lambda: 1.0)
    for drop in drops:
        factors[round(drop) - phase.warmup] *= rate.drop_factor
    return optax.piecewise_constant_schedule(phase.peak, dict(factors))


def exponential(rate: ConfigDict, phase: Phase) -> optax.Schedule:
    """Falls by ``decay_factor`` every ``decay_epochs``, not below ``floor`` of the peak.

    It counts from step 0: the warm-up takes the place of its first steps.
    """
    period = rate.decay_epochs * phase.steps_per_epoch
    start = phase.peak * rate.decay_factor ** (phase.warmup / period)
    return optax.exponential_decay(
        start, period, rate.decay_factor, end_value=rate.floor * phase.peak
    )


def constant(rate: ConfigDict, phase: Phase) -> optax.Schedule:
    """Stays at the peak."""
    return optax.constant_schedule(phase.peak)


SCHEDULES: dict[str, Callable[[ConfigDict, Phase], optax.Schedule]] = {
    "cosine": cosine,
    "piecewise": piecewise,
    "exponential": exponential,
    "constant": constant,
}
