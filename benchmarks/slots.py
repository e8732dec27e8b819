"""Programs that are measured in turns on the same cores, each in a process of its own.

Standard library only: one of the programs runs in TensorFlow's environment.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# Time before each measurement: batches that were prepared earlier would count as free.
WARM_SECONDS = 2.0


@dataclass(frozen=True)
class Rate:
    """What a program did in a slot of time.

    Attributes:
      images: done.
      seconds: of wall time.
      cpu_seconds: of all threads of the process.
    """

    images: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Images per second."""
        return self.images / self.seconds


def answer(work: Callable[[], int]) -> None:
    """Measures `work` for as long as each line of stdin says; the measured program calls it.

    Args:
      work: does the next batch or image and returns the number of images.
    """
    print("ready", flush=True)
    for line in sys.stdin:
        _run(work, WARM_SECONDS)
        print(json.dumps(_run(work, float(line))), flush=True)


def _run(work: Callable[[], int], seconds: float) -> tuple[int, float, float]:
    images, start, start_cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        images += work()
    return images, time.perf_counter() - start, time.process_time() - start_cpu


class Program:
    """A program that is measured, seen from outside; between its slots its threads are halted.

    Args:
      command: starts the program, which must call :func:`answer`.
      cores: the only ones that it may run on.
    """

    def __init__(self, command: Sequence[str], cores: set[int]):
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # From the start: thread pools take their size from it.
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        self._reply()
        self._process.send_signal(signal.SIGSTOP)

    def measure(self, seconds: float) -> Rate:
        """Measures the program for about `seconds`, after it has warmed up."""
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        reply = self._reply()
        self._process.send_signal(signal.SIGSTOP)
        return Rate(*json.loads(reply))

    def _reply(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended with {self._process.wait()}")
        return line

    def close(self) -> None:
        """Ends the program, halted or not."""
        self._process.kill()
        self._process.wait()


def show(seen: Mapping[str, Sequence[Rate]], others: Mapping[str, str]) -> None:
    """Prints a table. Costs are over all rounds together, because batches finish in bursts.

    Args:
      seen: name of a program -> its slots, as many for each.
      others: name -> the program that it is compared with: `ratio` is how many times as fast it is,
        `by CPU` the same of the CPU times of an image.
    """
    print(f"{'':30}{'images/s':>10}{'least, most':>14}{'CPU ms':>8}{'ratio':>8}{'by CPU':>8}")
    costs = {
        name: 1e3 * sum(rate.cpu_seconds for rate in rates) / sum(rate.images for rate in rates)
        for name, rates in seen.items()
    }
    for name, rates in seen.items():
        speeds = [rate.per_second for rate in rates]
        spread = f"{min(speeds):.0f}, {max(speeds):.0f}"
        line = f"{name:30}{statistics.median(speeds):10.0f}{spread:>14}{costs[name]:8.2f}"
        if (other := others.get(name)) in seen:
            ratios = [a.per_second / b.per_second for a, b in zip(rates, seen[other], strict=True)]
            line += f"{statistics.median(ratios):8.2f}{costs[other] / costs[name]:8.2f}"
        print(line)
