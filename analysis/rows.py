"""What the rows of the paper's Table 1 are called."""

from typing import Any


def row_of(config: dict[str, Any]) -> str:
    """The name of a run's row: what it adds to the baseline."""
    name = config["regularizer"]["name"]
    return " + ".join([*([name] if name != "none" else []), *other_changes(config)]) or "baseline"


def other_changes(config: dict[str, Any]) -> list[str]:
    """What a run adds to the baseline beside its regulariser."""
    added = {
        "cutout": config["data"]["cutout"] > 0,
        "autoaugment": config["data"]["autoaugment"] != "none",
        "label_smoothing": config["label_smoothing"] > 0,
    }
    return [name for name, is_added in added.items() if is_added]
