"""What may end a run, worded for the user."""


class RunError(RuntimeError):
    """The run cannot go on. Its message is one line that says why, and what is safe."""

    code = 1


class Refused(RunError):
    """The run cannot begin; nothing was touched."""

    code = 2
