"""keep_prob over training: optax schedules of the optimizer's step, and the scaling by group."""

import optax
from jax.typing import ArrayLike

from dropblock import _check


def linear_keep_prob(keep_prob: ArrayLike, steps: int) -> optax.Schedule:
    """Scheduled DropBlock: keep_prob falls linearly from 1 to its target, then stays there.

    Args:
      keep_prob: the target, in [0, 1]; may be traced.
      steps: number of optimizer steps to reach it, at least 1; the paper uses the whole run.

    Returns:
      An optax schedule: step -> keep_prob, traceable.

    Raises:
      ValueError: keep_prob outside [0, 1] or steps below 1.

    Source: Ghiasi et al. 2018, section 3 ("Scheduled DropBlock").
    """
    _check.probability("keep_prob", keep_prob)
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}.")
    return optax.linear_schedule(1.0, keep_prob, steps)


def constant_keep_prob(keep_prob: ArrayLike) -> optax.Schedule:
    """keep_prob fixed over the whole run (the paper: works worse than scheduled).

    Raises:
      ValueError: keep_prob outside [0, 1].
    """
    _check.probability("keep_prob", keep_prob)
    return optax.constant_schedule(keep_prob)


def group_keep_prob(keep_prob: ArrayLike, group: int, num_groups: int = 4) -> ArrayLike:
    """keep_prob of one block group: ``1 - (1 - keep_prob) / 4**(num_groups - group)``.

    The last group gets keep_prob itself, the one before drops a quarter of that, and so on.

    Args:
      keep_prob: in [0, 1]; may be traced.
      group: 1 (nearest the image) to num_groups.
      num_groups: how many groups the network has; 4 in a ResNet.

    Returns:
      The group's keep_prob, of keep_prob's type.

    Raises:
      ValueError: a concrete keep_prob outside [0, 1], or a group outside 1..num_groups.

    Source: Ghiasi et al. 2018, section 4.1; resnet_model.py in the repository tensorflow/tpu.
    """
    _check.probability("keep_prob", keep_prob)
    if not 1 <= group <= num_groups:
        raise ValueError(f"group must be in 1..{num_groups}, got {group}.")
    return 1 - (1 - keep_prob) / 4.0 ** (num_groups - group)
