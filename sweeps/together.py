"""``--launcher=together``: runs that differ in hyperparameters alone train as one program.

    python -m sweeps.together JOB.json

is what a job runs: the file is a list of the runs' workdirs.
"""

import json
import math
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from runfiles import checkpoint_steps, is_locked
from sweeps.launch import mark_failed
from sweeps.names import fit
from sweeps.plan import Trial
from sweeps.processes import AGAIN, ProcessJob, Workers
from training.config import one_line_errors, plain, read_config
from training.errors import NotFinite, RunError
from training.stop import StopRequest
from training.streams import guard_streams

# What programs print that got no memory: XLA's devices, Python, C++.
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory", "MemoryError", "bad_alloc")


class TogetherLauncher:
    """Jobs of waiting runs that have the same program and resume from the same step.

    A job that runs out of memory leaves its runs to jobs of half as many.

    Args:
      workers: programs at a time.
      most: runs that train as one program.
      folder: for the jobs' own files.
    """

    def __init__(self, workers: int, most: int, folder: Path):
        self.workers: float = workers
        self._most, self._folder = most, folder
        self._places = Workers(workers)
        #: Program -> runs that its memory was enough for, if not for all.
        self._fit: dict[str, int] = {}
        self._jobs: list[TogetherJob] = []

    def adopt(self, trials: Sequence[Trial]) -> Sequence[ProcessJob]:
        return []

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        """Takes the first trial and those like it, no more than fit, in jobs of like sizes."""
        self._learn()
        program, step = _program(waiting[0]), _newest_step(waiting[0])
        alike = [
            trial for trial in waiting if _newest_step(trial) == step and _program(trial) == program
        ]
        jobs = math.ceil(len(alike) / min(self._most, self._fit.get(program, self._most)))
        return alike[: math.ceil(len(alike) / jobs)]

    def start(self, trials: Sequence[Trial]) -> Sequence[ProcessJob]:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = fit(trials[0].name)
        file = self._folder / f"{name}.json"
        workdirs = [str(trial.workdir.absolute()) for trial in trials]
        file.write_text(json.dumps(workdirs, indent=1) + "\n")
        arguments, log = ["-m", "sweeps.together", str(file)], self._folder / f"{name}.log"
        job = self._places.start(TogetherJob, trials, arguments, log)
        self._jobs.append(job)
        return [job]

    def _learn(self) -> None:
        """Halves what fits of the programs whose jobs ran out of memory."""
        for job in self._jobs:
            if job.poll() is not None and job.is_too_large():
                program, half = _program(job.trials[0]), len(job.trials) // 2
                self._fit[program] = min(half, self._fit.get(program, half))
                print(
                    f"{len(job.trials)} runs together ran out of memory: now {half} at a time",
                    file=sys.stderr,
                )
        self._jobs = [job for job in self._jobs if job.poll() is None]


class TogetherJob(ProcessJob):
    """A process for runs that train as one program."""

    def poll(self) -> str | None:
        reason = super().poll()
        return "" if reason and self.is_too_large() else reason

    def is_too_large(self) -> bool:
        """Tells whether it ended for want of memory, with runs that can be trained by fewer."""
        if len(self.trials) == 1 or self._process.returncode in (None, 0):
            return False
        is_killed = self._process.returncode == -signal.SIGKILL  # as the kernel does then
        return is_killed or any(words in self.output() for words in OUT_OF_MEMORY)


def _program(trial: Trial) -> str:
    """Returns a text that is equal for runs that differ in hyperparameters alone."""
    from training.recipe import HYPERPARAMETER_FIELDS

    config = trial.config.copy_and_resolve_references().unlock()
    config.update_from_flattened_dict(dict.fromkeys(HYPERPARAMETER_FIELDS, 0))
    return json.dumps(plain(config), sort_keys=True)


def _newest_step(trial: Trial) -> int:
    """Of its checkpoints; 0 without any."""
    return max(checkpoint_steps(trial.workdir), default=0)


def main(job: Path) -> None:
    """Trains the runs that a job's file lists."""
    with StopRequest() as stop:
        with one_line_errors():
            workdirs = [Path(workdir) for workdir in json.loads(job.read_text())]
            configs = [_config_of(workdir) for workdir in workdirs]
        # Where there are CPUs alone, each run gets a device of its own: threads share the cores.
        count = f"--xla_force_host_platform_device_count={len(workdirs)}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {count}"

        from data import DataError
        from training import loop
        from training.devices import ignore_absent_tpus
        from training.devices.processes import leave_at_once
        from training.run import use_compilation_cache
        from training.together import OneOfMany, OutOfStep, RecordsTogether, RunsTogether

        ignore_absent_tpus()
        use_compilation_cache()
        with one_line_errors(RunError, DataError, ValueError, OSError):
            together = RunsTogether(configs)
        with one_line_errors(RunError, DataError, leave=leave_at_once):
            try:
                with RecordsTogether(together, workdirs) as records:
                    _, number = loop.train(together, records, stop)
            except OutOfStep as error:
                print(error, file=sys.stderr)
                leave_at_once(AGAIN)
            except OneOfMany as error:
                # One that another process is at has not failed.
                if not is_locked(error.workdir):
                    mark_failed(error.workdir, str(error))
                raise
            except NotFinite as error:
                for workdir, is_hit in zip(workdirs, error.where[: len(workdirs)], strict=True):
                    if is_hit:
                        mark_failed(workdir, error.what)
                raise
        sys.exit(0 if number is None else 128 + number)


def _config_of(workdir: Path) -> ConfigDict:
    if (config := read_config(workdir)) is None:
        raise FileNotFoundError(f"{workdir} holds no run.")
    return config.lock()


if __name__ == "__main__":
    guard_streams()
    main(Path(sys.argv[1]))
