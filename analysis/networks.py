"""The networks of Figures 5 and 6, named by the regulariser that they were trained with."""

from collections.abc import Sequence
from typing import Any

from analysis.rows import other_changes, regularizer_of, tell_rows_apart
from analysis.runs import Run


def networks(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Name -> its runs, which differ in their seed alone: without a regulariser first, then by
    block_size."""
    suffixes = tell_rows_apart(runs, lambda run: network_of(run.config), columns=())
    found: dict[str, list[Run]] = {}
    for run, suffix in sorted(zip(runs, suffixes, strict=True), key=lambda pair: _place(pair[0])):
        name = ", ".join(filter(None, [network_of(run.config), suffix]))
        found.setdefault(name, []).append(run)
    return found


def network_of(config: dict[str, Any]) -> str:
    """Such as "trained with block_size 7"."""
    name = regularizer_of(config)
    if name == "dropblock":
        name = f"block_size {config['regularizer']['block_size']}"
    parts = [*([name] if name else []), *other_changes(config)]
    return f"trained with {' + '.join(parts)}" if parts else "trained without DropBlock"


def _place(run: Run) -> tuple[str, Any]:
    name = regularizer_of(run.config) or ""
    return (name, run.config["regularizer"]["block_size"] if name == "dropblock" else 0)
