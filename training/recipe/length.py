"""The length of a run and of its parts, in optimizer steps."""

from ml_collections import ConfigDict


def total_steps(config: ConfigDict, train_examples: int) -> int:
    """Optimizer steps of the whole run: ``steps`` if given, else ``epochs`` times the data."""
    if config.steps is not None:
        return config.steps
    return max(1, round(config.epochs * train_examples / config.batch_size))


def steps_of(steps: int | None, epochs: float | None, steps_per_epoch: float) -> int:
    """A time that a config gives in steps or epochs, in steps; steps win where both are given."""
    if steps is not None:
        return steps
    return round((epochs or 0) * steps_per_epoch)
