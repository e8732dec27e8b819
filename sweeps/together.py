"""``--launcher=together``: runs that differ in hyperparameters alone train as one program.

    python -m sweeps.together JOB.json

is what a job runs: the file is a list of the runs' workdirs.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from runfiles import FAILED, checkpoint_steps
from sweeps.plan import Trial
from sweeps.processes import ProcessJob, Workers
from training.config import one_line_errors, read_config
from training.errors import NotFinite, RunError
from training.stop import StopRequest
from training.streams import guard_streams


class TogetherLauncher:
    """Jobs of all waiting runs that have the same program and can resume from the same step."""

    def __init__(self, workers: int, folder: Path):
        """``folder``: for the jobs' own files."""
        self.workers, self._folder = workers, folder
        self._places = Workers(workers)

    def adopt(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        return []

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        program, common = _program(waiting[0]), _steps(waiting[0])
        taken = []
        for trial in waiting:
            steps = _steps(trial)
            # Fresh ones with fresh ones: nobody does again what it has done.
            if _program(trial) == program and (common & steps or not common | steps):
                taken.append(trial)
                common &= steps
        return taken

    def start(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        self._folder.mkdir(parents=True, exist_ok=True)
        job = self._folder / f"{trials[0].name}.json"
        job.write_text(json.dumps([str(trial.workdir) for trial in trials], indent=1) + "\n")
        arguments = ["-m", "sweeps.together", str(job)]
        return [self._places.start(trials, arguments, job.with_suffix(".log"))]


def _program(trial: Trial) -> str:
    """Equal for runs that differ in hyperparameters alone."""
    from training.recipe import HYPERPARAMETER_FIELDS

    config = trial.config.copy_and_resolve_references().unlock()
    config.update_from_flattened_dict(dict.fromkeys(HYPERPARAMETER_FIELDS, 0))
    return config.to_json(sort_keys=True)


def _steps(trial: Trial) -> set[int]:
    """Of its checkpoints."""
    return set(checkpoint_steps(trial.workdir))


def main(job: Path) -> None:
    """Trains the runs that a job's file lists."""
    with StopRequest() as stop:
        with one_line_errors():
            workdirs = [Path(workdir) for workdir in json.loads(job.read_text())]
            configs = [read_config(workdir).lock() for workdir in workdirs]
        # Where there are CPUs alone, each run gets a device of its own: threads share the cores.
        count = f"--xla_force_host_platform_device_count={len(workdirs)}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {count}"

        from data import DataError
        from training import loop
        from training.devices.processes import leave_at_once
        from training.run import use_compilation_cache
        from training.together import RecordsTogether, RunsTogether

        use_compilation_cache()
        with one_line_errors():
            together = RunsTogether(configs)
        with (
            one_line_errors(RunError, DataError, leave=leave_at_once),
            RecordsTogether(together, workdirs) as records,
        ):
            try:
                _, signal = loop.train(together, records, stop)
            except NotFinite as error:
                for workdir, is_hit in zip(workdirs, error.where, strict=True):
                    if is_hit:
                        (workdir / FAILED).write_text(f"{error.what}\n")
                raise
        sys.exit(0 if signal is None else 128 + signal)


if __name__ == "__main__":
    guard_streams()
    main(Path(sys.argv[1]))
