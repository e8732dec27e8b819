"""What is wrong or odd in a run, though it would train."""

from collections.abc import Iterator

from training.dry_run.forward import Alike
from training.run import Run


def find_notes(run: Run, alike: list[Alike]) -> Iterator[str]:
    """Finds them, a line each.

    Args:
      run: as built.
      alike: where its regularisers drop.
    """
    if run.task.info.missing:
        yield run.task.info.missing
    yield from _length(run)
    yield from _data(run)
    yield from run.notices
    yield from _learning_rate(run)
    yield from _dropping(run, alike)


def _length(run: Run) -> Iterator[str]:
    config, steps = run.config, run.steps
    if config.steps is not None and config.epochs is not None:
        yield (
            f"config.steps={config.steps} and config.epochs={config.epochs} are both given: "
            "the steps count"
        )
    for field, what in (
        ("eval_every", "evaluation"),
        ("checkpoint_every", "checkpoint"),
        ("log_every", "line of metrics"),
    ):
        if config[field] > steps:
            yield (
                f"config.{field}={config[field]} is more than the run's {steps} steps: "
                f"one {what}, at its end"
            )


def _data(run: Run) -> Iterator[str]:
    config, info = run.config, run.task.info
    size, seen = config.batch_size, run.steps * config.batch_size
    if size > info.train_examples:
        yield (
            f"config.batch_size={size} is more than the {info.train_examples} training examples: "
            "a batch has some of them twice"
        )
    if seen < info.train_examples:
        yield f"training ends after {seen} of the {info.train_examples} examples"
    if size > info.eval_examples:
        yield (
            f"config.batch_size={size} is more than the {info.eval_examples} examples of "
            "evaluation: its one batch is never filled"
        )
    if config.data.train_split == config.data.eval_split:
        yield f"config.data.eval_split={config.data.eval_split!r} is what is trained on"


def _learning_rate(run: Run) -> Iterator[str]:
    rate = run.config.learning_rate
    if rate.base == 0:
        yield "config.learning_rate.base=0: nothing is learned"
    per_epoch = run.task.train_examples / run.config.batch_size
    field = "drop_steps" if rate.drop_steps else "drop_epochs"
    drops = rate[field]
    if drops and rate.schedule != "piecewise":
        yield (
            f"config.learning_rate.{field}={tuple(drops)} means nothing with "
            f"config.learning_rate.schedule={rate.schedule!r}"
        )
        return
    for drop in drops:
        if drop * (per_epoch if field == "drop_epochs" else 1) >= run.steps:
            yield f"config.learning_rate.{field} has {drop}, when the run is over"


def _dropping(run: Run, alike: list[Alike]) -> Iterator[str]:
    for name, regularizer in run.regularizers.items():
        field = (
            f"config.regularizer.name={run.config.regularizer.name!r}"
            if name == "regularizer"
            else f"config.{name}_keep_prob={regularizer.keep_prob}"
        )
        places = [place for place in alike if place.name == name]
        if float(regularizer.keep_prob) == 1:  # type: ignore[arg-type]
            yield f"{field} drops nothing: its keep_prob is 1"
        elif not places:
            groups = ", ".join(map(str, regularizer.groups))
            yield f"{field} drops nothing: the network has no site for it in groups {groups}"
        yield from dict.fromkeys(place.expected.odd for place in places if place.expected.odd)
