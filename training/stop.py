"""Stopping a run from outside: Ctrl-C or a scheduler's SIGTERM."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While active, a SIGINT or SIGTERM ends the process with exit code 128 + its number.

    It does so at once, except within :meth:`deferred`: there it is only kept in ``signal``, for
    the loop to end in its own time. Then a Ctrl-C ends the process; another SIGTERM does not, for
    Slurm sends two, milliseconds apart.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._deferred = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        # Python runs its handlers between bytecodes of the main thread, which may be minutes away
        # while XLA compiles. So a thread is told of every signal too, by the wake-up descriptor.
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._previous_descriptor = signal.set_wakeup_fd(self._sender.fileno())
        self._thread = threading.Thread(target=self._listen, name="stop", daemon=True)
        self._thread.start()
        for number in SIGNALS:
            self._previous[number] = signal.signal(number, self._handle)
        return self

    @property
    def asked(self) -> bool:
        """Whether a signal has arrived."""
        return self.signal is not None

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Lets a first signal only set ``signal``, since there is something to save inside."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _listen(self) -> None:
        while received := self._receiver.recv(1):
            if received[0] in SIGNALS and not self._deferred:
                _end(received[0])

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._deferred or (self.asked and number == signal.SIGINT):
            _end(number)
        self.signal = self.signal or number

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._previous:
            number, handler = self._previous.popitem()
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._previous_descriptor)
        self._sender.close()  # which ends the thread
        self._thread.join()
        self._receiver.close()


def _end(number: int) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"\nstopped by {signal.Signals(number).name}\n".encode())
    # Not sys.exit: the main thread may be inside the compiler.
    os._exit(128 + number)
