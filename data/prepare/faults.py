"""Many faults of a source in one refusal."""

from collections.abc import Sequence

SHOWN = 20


def refuse(faults: Sequence[str]) -> None:
    """Raises ValueError with all faults, up to twenty, if there are any."""
    if len(faults) == 1:
        raise ValueError(faults[0])
    if faults:
        raise ValueError(f"{len(faults):,} faults, nothing is written:\n  {listed(faults)}")


def listed(faults: Sequence[str]) -> str:
    """One a line, up to twenty."""
    rest = [f"... and {len(faults) - SHOWN:,} more"] if len(faults) > SHOWN else []
    return "\n  ".join([*faults[:SHOWN], *rest])
