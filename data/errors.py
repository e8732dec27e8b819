"""What can be wrong with the data itself, as opposed to the code."""


class DataError(ValueError):
    """The data on disk cannot be used. The message is one line that names the file or example."""


class DecodeError(ValueError):
    """The bytes are not an image that can be decoded; the message says why."""


def first_line(error: Exception) -> str:
    """What another library says is wrong, without what it adds below."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
