"""Errors that are about the data and not about the code or the config."""


class DataError(ValueError):
    """The data on disk cannot be used. The message is one line that names the file or example."""


class DecodeError(ValueError):
    """The bytes are not an image that can be decoded; the message says why."""


def first_line(error: Exception) -> str:
    """Returns the first line of another library's message; the error's type if it has none."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
