"""What the rows of tables and the lines of figures are called."""

from collections.abc import Callable, Sequence
from typing import Any

from analysis.differences import setting, tell_apart
from analysis.runs import Run
from runfiles import flat, is_within

#: What the paper's tables and figures are about: rows may differ in these, of course.
SUBJECTS = ("regularizer", "task.label_smoothing", "data.cutout", "data.autoaugment")


def row_of(config: dict[str, Any]) -> str:
    """Names a run by what it adds to the baseline, as the rows of the paper's Table 1."""
    name = regularizer_of(config)
    return " + ".join([*([name] if name else []), *other_changes(config)]) or "baseline"


def regularizer_of(config: dict[str, Any]) -> str | None:
    """The name of a run's regulariser; None where it has none."""
    name = config.get("regularizer", {}).get("name")
    return None if name == "none" else name


def other_changes(config: dict[str, Any]) -> list[str]:
    """What a run adds to the baseline beside its regulariser."""
    fields = flat(config)
    added = {
        "cutout": bool(fields.get("data.cutout")),
        "autoaugment": fields.get("data.autoaugment") not in (None, "none"),
        "label_smoothing": bool(fields.get("task.label_smoothing")),
    }
    return [name for name, is_added in added.items() if is_added]


def tell_rows_apart(
    runs: Sequence[Run], name_of: Callable[[Run], str], *, columns: Sequence[str]
) -> list[str]:
    """Says of each run what its row must say beside ``name_of(run)``; "" where the name will do.

    Only runs that differ in nothing but their seed may share a row. Named are the fields, such as
    steps or the data set, that differ anywhere, and those of :data:`SUBJECTS`, such as block_size,
    that differ between runs of one name. ``columns`` are fields that are shown otherwise.
    """
    settings = [
        {name: v for name, v in setting(run.record).items() if not is_within(name, columns)}
        for run in runs
    ]
    common = tell_apart(
        [{name: v for name, v in own.items() if not is_within(name, SUBJECTS)} for own in settings]
    )
    names = [name_of(run) for run in runs]
    subjects = [""] * len(runs)
    for row in set(names):
        members = [index for index, name in enumerate(names) if name == row]
        own = [
            {
                name.removeprefix("regularizer."): value
                for name, value in settings[index].items()
                if is_within(name, SUBJECTS)
            }
            for index in members
        ]
        for index, text in zip(members, tell_apart(own), strict=True):
            subjects[index] = text
    return [", ".join(filter(None, pair)) for pair in zip(subjects, common, strict=True)]
