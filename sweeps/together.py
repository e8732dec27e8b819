"""``--launcher=together``: runs that differ in values alone train as one program.

    python -m sweeps.together ARGUMENTS.json

is what a job runs: the file is a list of train.py's arguments, one list a run.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sweeps.launch import FAILED
from sweeps.plan import Trial
from sweeps.processes import ProcessJob, Workers
from training.command_line import one_line_errors, parse
from training.errors import NotFinite, RunError
from training.processes import leave_at_once
from training.stop import StopRequest
from training.values import VALUE_FIELDS


class TogetherLauncher:
    """Jobs of all waiting runs that have the same program and can go on from the same step."""

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
        job.write_text(json.dumps([trial.arguments for trial in trials], indent=1) + "\n")
        arguments = ["-m", "sweeps.together", str(job)]
        return [self._places.start(trials, arguments, job.with_suffix(".log"))]


def _program(trial: Trial) -> str:
    """Equal for runs that differ in values alone."""
    config = trial.config.copy_and_resolve_references().unlock()
    config.update_from_flattened_dict(dict.fromkeys(VALUE_FIELDS, 0))
    return config.to_json(sort_keys=True)


def _steps(trial: Trial) -> set[int]:
    """Of its checkpoints."""
    folders = (trial.workdir / "checkpoints").glob("*")
    return {int(folder.name) for folder in folders if folder.name.isdigit()}


def main(job: Path) -> None:
    """Trains the runs of a job's file."""
    with StopRequest() as stop:
        with one_line_errors():
            runs = [parse(["train.py", *arguments]) for arguments in json.loads(job.read_text())]
        workdirs = [Path(run.workdir) for run in runs]
        # Where there are CPUs alone, each run gets a device of its own: threads share the cores.
        count = f"--xla_force_host_platform_device_count={len(runs)}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {count}"

        from data import TooManyBadImages
        from training import loop
        from training.run import use_compilation_cache
        from training.together import RecordsTogether, RunsTogether

        use_compilation_cache()
        with one_line_errors():
            together = RunsTogether([run.config for run in runs])
        with (
            one_line_errors(RunError, TooManyBadImages, leave=leave_at_once),
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
    main(Path(sys.argv[1]))
