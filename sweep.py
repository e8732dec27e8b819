"""Runs the grid that a config's get_hyper(hyper) gives.

    python sweep.py --config=configs/digits.py:dropblock --workdir=runs/sweep --workers=2

Each run has a folder in the workdir, and a row of sweep.csv there. Started again, finished runs
stay and the others resume.
"""

import shlex
import sys
from pathlib import Path

from absl.flags import DEFINE_bool, DEFINE_enum, DEFINE_integer, DEFINE_string, FlagValues

from runfiles import SWEEP_TABLE, State, take_lock
from sweeps.launch import Board, Launcher, forget_failures, launch
from sweeps.live import LiveTable
from sweeps.plan import plan
from sweeps.processes import LocalLauncher
from sweeps.together import TogetherLauncher
from training.config import Arguments, one_line_errors, parse
from training.errors import RunError
from training.stop import StopRequest
from training.streams import guard_streams

LAUNCHERS = ("local", "together", "slurm")


def define_flags(values: FlagValues) -> None:
    DEFINE_enum("launcher", "local", LAUNCHERS, "Where the runs run.", values)
    DEFINE_integer("workers", 1, "Jobs at a time on this machine.", 1, flag_values=values)
    DEFINE_integer("together", 16, "Runs in one program at most.", 1, flag_values=values)
    DEFINE_string("slurm", "", "NAME=VALUE,... of each Slurm job, as submitit names them.", values)
    DEFINE_bool("dry_run", False, "List the runs, and stop.", values)
    DEFINE_bool("retry_failed", False, "Let failed runs resume too.", values)


def main(argv: list[str]) -> None:
    with one_line_errors():
        arguments = parse(argv, define_flags)
        folder = Path(arguments.workdir)
        trials = plan(arguments, folder)
        board = Board.read(trials)
    for trial in trials:
        for path in trial.copies:
            print(f"note: {path} holds the same run as {trial.name}: left alone", file=sys.stderr)
    if arguments.dry_run:
        for trial, state in board.states.items():
            print(f"{state:8} {trial.name}")
        return
    with one_line_errors():
        launcher = make_launcher(arguments, folder)
    with StopRequest() as stop, one_line_errors(RunError, OSError), take_lock(folder):
        if arguments.retry_failed:
            forget_failures(trials)
            board = Board.read(trials)
        with stop.deferred(), LiveTable(folder) as table:
            launch(board, launcher, table.show, lambda: stop.asked)
    print(f"table           {folder / SWEEP_TABLE}")
    if left := len(trials) - len(board.of(State.DONE)):
        print(f"left            {left} of {len(trials)} runs; {len(board.of(State.FAILED))} failed")
        print(f"to resume       python sweep.py {shlex.join(argv[1:])}")
    if stop.signal is not None:
        sys.exit(128 + stop.signal)
    sys.exit(1 if left else 0)


def make_launcher(arguments: Arguments, folder: Path) -> Launcher:
    if arguments.launcher == "local":
        return LocalLauncher(arguments.workers)
    if arguments.launcher == "together":
        return TogetherLauncher(arguments.workers, arguments.together, folder / "jobs")
    from sweeps.slurm import SlurmLauncher

    return SlurmLauncher(arguments.slurm, folder / "jobs")


if __name__ == "__main__":
    guard_streams()
    main(sys.argv)
