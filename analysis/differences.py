"""What tells runs apart, beside their seed."""

from collections.abc import Sequence
from typing import Any

from runfiles import FREE_FIELDS, RunRecord, flat, is_within

#: Runs may differ in these and share a row. The seed does decide what a run measures, but runs are
#: averaged over it; epochs are compared as the steps that they make. eval_every is not among them:
#: the best of more evaluations is larger.
SHARED_FIELDS = (*FREE_FIELDS, "seed", "epochs")

#: Fields that tell the most to a reader: named first among those that tell as many runs apart.
TELLING = ("data.name", "model.name", "model.depth", "steps")
ABSENT = "absent"


def setting(record: RunRecord) -> dict[str, Any]:
    """The fields that decide what a run measures but for the seed, flat."""
    fields = flat(record.config) | {"steps": record.steps}
    if fields.get("regularizer.name") in (None, "none"):
        # Nothing is regularised, whatever the other fields say.
        fields = {name: v for name, v in fields.items() if not is_within(name, ("regularizer",))}
    return {
        # 2 and 2.0 are one value.
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in fields.items()
        if not is_within(name, SHARED_FIELDS)
    }


def tell_apart(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Says of each setting what tells it from the others, by few fields.

    Such as "data.name=digits, steps=700"; "" where all are alike. A field that a setting does not
    have is "absent" there; such fields are named only where no others will do.
    """
    found = dict.fromkeys(name for fields in settings for name in fields)
    names = [*(name for name in TELLING if name in found), *(n for n in found if n not in TELLING)]
    values = {name: [_text(fields, name) for fields in settings] for name in names}

    def kinds(chosen: Sequence[str]) -> int:
        rows = range(len(settings))
        return len({tuple(values[name][row] for name in chosen) for row in rows})

    def gain(name: str) -> tuple[bool, int]:
        count = kinds([*chosen, name])
        return count > kinds(chosen) and ABSENT not in values[name], count

    chosen: list[str] = []
    while kinds(chosen) < kinds(names):
        chosen.append(max(names, key=gain))
    chosen.sort(key=names.index)
    return [
        ", ".join(f"{name}={values[name][index]}" for name in chosen)
        for index in range(len(settings))
    ]


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        return ABSENT
    value = fields[name]
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
