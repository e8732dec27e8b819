"""Standard error and output that cannot stop a run."""

import contextlib
import os
import sys
from typing import Any


def guard_streams() -> None:
    """Lets a run continue without its output where that is closed or its reader has gone.

    A descriptor that was closed is opened on the null device: otherwise the next file, such as a
    checkpoint, would get its number, and whatever is printed with it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            stream = os.fdopen(os.dup(descriptor), "w")
        # Names of files need not be UTF-8, nor the terminal.
        stream.reconfigure(errors="backslashreplace")
        if not isinstance(stream, _Unbreakable):
            setattr(sys, name, _Unbreakable(stream))


class _Unbreakable:
    """A text stream whose writes are lost, rather than an error, once it is broken."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        with self._until_broken():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._until_broken():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _until_broken(self):
        try:
            yield
        except (OSError, ValueError):  # ValueError: the file object is closed
            self._stream = open(os.devnull, "w")  # noqa: SIM115
