"""Many faults of a source in one refusal."""

from collections.abc import Sequence

SHOWN = 20


def refuse(faults: Sequence[str]) -> None:
    """Raises ValueError with all faults, up to twenty, if there are any."""
    if not faults:
        return
    lines = list(faults[:SHOWN])
    if len(faults) > SHOWN:
        lines.append(f"... and {len(faults) - SHOWN:,} more")
    if len(faults) == 1:
        raise ValueError(faults[0])
    raise ValueError(f"{len(faults):,} faults, nothing is written:\n  " + "\n  ".join(lines))
