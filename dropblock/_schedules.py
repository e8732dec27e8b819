"""keep_prob over training: optax schedules of the optimizer's step, and the scaling by group."""

import optax
from jax.typing import ArrayLike

from dropblock import _check


def linear_keep_prob(keep_prob: ArrayLike, steps: int) -> optax.Schedule:
    """Makes the schedule of scheduled DropBlock: linearly from 1 to keep_prob, then constant.

    Args:
      keep_prob: the target, in [0, 1]; may be traced.
      steps: number of optimizer steps to reach it, at least 1; the paper uses the whole run.

    Returns:
      An optax schedule: step -> keep_prob, traceable.

    Raises:
      ValueError: keep_prob outside [0, 1] or steps below 1.
      TypeError: keep_prob is not a number, or steps is not an integer.

    Examples:
      >>> from dropblock import linear_keep_prob
      >>> schedule = linear_keep_prob(0.9, steps=1000)
      >>> [round(float(schedule(step)), 3) for step in (0, 500, 1000, 2000)]
      [1.0, 0.95, 0.9, 0.9]

    Source:
      Ghiasi et al. 2018, section 3 ("Scheduled DropBlock").
    """
    target = _check.probability("keep_prob", keep_prob)
    return optax.linear_schedule(1.0, target, _check.integer("steps", steps))


def constant_keep_prob(keep_prob: ArrayLike) -> optax.Schedule:
    """Makes a schedule that is keep_prob at every step (the paper: worse than scheduled).

    Raises:
      ValueError: keep_prob outside [0, 1].
      TypeError: keep_prob is not a number.

    Examples:
      >>> from dropblock import constant_keep_prob
      >>> constant_keep_prob(0.9)(500)
      0.9
    """
    return optax.constant_schedule(_check.probability("keep_prob", keep_prob))


def group_keep_prob(keep_prob: ArrayLike, group: int, num_groups: int = 4) -> ArrayLike:
    """Returns a block group's keep_prob: ``1 - (1 - keep_prob) / 4**(num_groups - group)``.

    The last group gets keep_prob itself, the one before drops a quarter of that, and so on.

    Args:
      keep_prob: in [0, 1]; may be traced.
      group: 1 (nearest the image) to num_groups.
      num_groups: how many groups the network has; 4 in a ResNet.

    Returns:
      A float if keep_prob is a Python or NumPy number, a float32 scalar if it is a JAX array
      (float64 if that is).

    Raises:
      ValueError: a concrete keep_prob outside [0, 1], or a group outside 1..num_groups.
      TypeError: keep_prob is not a number, or a group is not an integer.

    Examples:
      >>> from dropblock import group_keep_prob
      >>> [round(group_keep_prob(0.9, group), 4) for group in (3, 4)]
      [0.975, 0.9]

    Source:
      Ghiasi et al. 2018, section 4.1; resnet_model.py in the repository tensorflow/tpu.
    """
    keep_prob = _check.probability("keep_prob", keep_prob)
    num_groups = _check.integer("num_groups", num_groups)
    if _check.integer("group", group) > num_groups:
        raise ValueError(f"group must be in 1..{num_groups}, got {group}.")
    return 1 - (1 - keep_prob) / 4.0 ** (num_groups - group)
