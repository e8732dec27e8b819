"""Trains a network from a config file.

    python train.py --config=configs/digits.py:dropblock --workdir=runs/digits

Started again on the same workdir, it resumes; then --config may be left out. With --dry_run it says
what the run would be and stops, with --print_config it prints the whole config. With
--compile_for=v5e:16x16 in place of a workdir it says what a step needs on those TPUs.
"""

import json
import shlex
import sys
from pathlib import Path

from absl.flags import DEFINE_bool, DEFINE_string, FlagValues

from training.config import Arguments, check_config, check_workdir, one_line_errors, parse, plain
from training.errors import RunError
from training.stop import StopRequest
from training.streams import guard_streams


def define_flags(values: FlagValues) -> None:
    DEFINE_string("compile_for", None, "Compile a step for these TPUs, and stop.", values)
    DEFINE_bool("dry_run", False, "Say what the run would be, and stop.", values)
    DEFINE_bool("print_config", False, "Print every field of the config, and stop.", values)


def main(argv: list[str]) -> None:
    with StopRequest() as stop:
        with one_line_errors():
            arguments = parse(
                *(argv, define_flags),
                instead_of_workdir=("compile_for", "dry_run", "print_config"),
            )
            check_config(arguments.config)
        if arguments.print_config:
            print(json.dumps(plain(arguments.config), indent=2))
            return
        if arguments.dry_run:
            from training.dry_run import dry_run

            return dry_run(arguments.config, arguments.workdir)
        if arguments.compile_for is not None:
            from training.pods import compile_for

            sys.exit(compile_for(arguments.config, arguments.compile_for))
        with one_line_errors():
            check_workdir(arguments.workdir, arguments.config)
        train(arguments, stop, shlex.join(argv[1:]))


def train(arguments: Arguments, stop: StopRequest, typed: str) -> None:
    # Imported late: what is wrong with the arguments is said before the rest is loaded.
    from data import DataError
    from probes.feature_maps import save_feature_maps
    from training import loop
    from training.devices import ignore_absent_tpus, processes
    from training.run import build_run, use_compilation_cache
    from training.workdir import Record

    ignore_absent_tpus()
    use_compilation_cache()
    workdir = Path(arguments.workdir)
    with one_line_errors(leave=processes.leave):
        processes.join()
        run = build_run(arguments.config)
    with (
        one_line_errors(RunError, DataError, leave=processes.leave_at_once),
        Record(run, workdir) as record,
    ):
        state, signal = loop.train(run, record, stop)
    if signal is None:
        save_feature_maps(run, state, workdir)
    if not processes.is_first():
        sys.exit(0 if signal is None else 128 + signal)
    if signal is not None:
        print(f"stopped at step {int(state.step)} of {run.steps}")
        print(f"to resume       python train.py {typed}")
        sys.exit(128 + signal)

    from analysis.curves import draw_curves
    from analysis.feature_maps import draw_feature_maps
    from training.summary import print_summary
    from training.workdir import show_images

    pictures = [draw_curves(workdir), draw_feature_maps(workdir)]
    if feature_maps := pictures[-1]:
        show_images(workdir, int(state.step), "feature_maps", [feature_maps])
    print_summary(workdir, [path for path in pictures if path])
    print(f"next            python eval.py --workdir={shlex.quote(str(workdir))}")


if __name__ == "__main__":
    guard_streams()
    main(sys.argv)
