"""Checks of single fields of `config.data`. Each mistake gets one line."""

import numbers
from collections.abc import Sequence
from typing import Any


def whole(field: str, value: Any, least: int) -> int:
    """Returns the value if it is an integer of at least `least`."""
    if not _is_number(value, numbers.Integral) or value < least:
        raise refusal(field, value, f"a whole number of at least {least}")
    return int(value)


def share(field: str, value: Any) -> float:
    """Returns the value if it is a number from 0 to 1."""
    if not _is_number(value, numbers.Real) or not 0 <= value <= 1:
        raise refusal(field, value, "a number from 0 to 1")
    return float(value)


def per_channel(field: str, value: Any, channels: int, *, zero: bool) -> tuple[float, ...]:
    """Returns the values if they are numbers from 0 to 1, one for each channel.

    `zero` says whether 0 itself is allowed.
    """
    numbers_of = "1 number" if channels == 1 else f"{channels} numbers"
    bounds = "in [0, 1]" if zero else "above 0 and at most 1"
    allowed = f"{numbers_of} {bounds}, one for each channel"
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != channels:
        raise refusal(field, value, allowed)
    for number in value:
        if not _is_number(number, numbers.Real) or not 0 <= number <= 1 or not (zero or number):
            raise refusal(field, value, allowed)
    return tuple(map(float, value))


def sides(field: str, value: Any) -> tuple[int, int]:
    """Returns height and width, at least 1 each; a single number is both."""
    pair = (value, value) if _is_number(value, numbers.Integral) else value
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise refusal(field, value, "height and width in pixels")
    height, width = (whole(field, side, least=1) for side in pair)
    return height, width


def scale_range(field: str, value: Any) -> tuple[float, float]:
    """Returns the values if they are two finite numbers above 0, the smaller first."""
    allowed = "two numbers above 0, the smaller first"
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise refusal(field, value, allowed)
    if not all(_is_number(number, numbers.Real) for number in value):
        raise refusal(field, value, allowed)
    low, high = value
    if not 0 < low <= high < float("inf"):
        raise refusal(field, value, allowed)
    return float(low), float(high)


def text(field: str, value: Any) -> str:
    """Returns the value if it is a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise refusal(field, value, "a text that is not empty")
    return value


def names(field: str, value: Any) -> tuple[str, ...]:
    """Returns the value if it is a list of different texts, none of them empty."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(isinstance(name, str) and name for name in value):
        raise refusal(field, value, "a list of texts that are not empty")
    if len(set(value)) < len(value):
        raise refusal(field, value, "a list of different texts")
    return tuple(value)


def refusal(field: str, value: Any, allowed: str) -> ValueError:
    """Makes the error for a value that is not allowed."""
    return ValueError(f"config.data.{field} must be {allowed}, got {value!r}.")


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
