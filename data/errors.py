"""What can be wrong with the data itself, as opposed to the code."""


class DataError(ValueError):
    """The data on disk cannot be used. The message is one line that names the file or example."""
