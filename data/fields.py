"""Checks of single fields of `config.data`. Each mistake gets one line."""

import numbers
from collections.abc import Sequence
from typing import Any


def whole(field: str, value: Any, least: int) -> int:
    """An integer of at least `least`."""
    if not _is_number(value, numbers.Integral) or value < least:
        raise refusal(field, value, f"a whole number of at least {least}")
    return int(value)


def share(field: str, value: Any) -> float:
    """A number from 0 to 1."""
    if not _is_number(value, numbers.Real) or not 0 <= value <= 1:
        raise refusal(field, value, "a number from 0 to 1")
    return float(value)


def per_channel(field: str, value: Any, channels: int, *, zero: bool) -> tuple[float, ...]:
    """A number from 0 to 1 for each channel; `zero` says whether 0 itself is allowed."""
    allowed = f"{channels} numbers {'from 0' if zero else 'above 0 and up'} to 1, one a channel"
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != channels:
        raise refusal(field, value, allowed)
    for number in value:
        if not _is_number(number, numbers.Real) or not 0 <= number <= 1 or not (zero or number):
            raise refusal(field, value, allowed)
    return tuple(map(float, value))


def text(field: str, value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise refusal(field, value, "a text that is not empty")
    return value


def refusal(field: str, value: Any, allowed: str) -> ValueError:
    """The error for a value that is not allowed."""
    return ValueError(f"config.data.{field} must be {allowed}, got {value!r}.")


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
