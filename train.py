"""Trains a network from a config file.

    python train.py --config=configs/digits.py:dropblock --workdir=runs/digits

Started again on the same workdir, it goes on where it was. With --compile_for=v5e:16x16 in place
of a workdir it trains nothing, but says what a step needs on those TPUs.
"""

import shlex
import sys
from pathlib import Path

from absl.flags import DEFINE_string, FlagValues

from training.check import check_config
from training.command_line import one_line_errors, parse
from training.compile_for import compile_for
from training.errors import RunError
from training.run_files import check_workdir, read_metrics
from training.stop import StopRequest


def define_flags(values: FlagValues) -> None:
    DEFINE_string("compile_for", None, "Compile a step for these TPUs, and stop.", values)


def main(argv: list[str]) -> None:
    with StopRequest() as stop:
        with one_line_errors():
            flags = parse(argv, define_flags, instead_of_workdir="compile_for")
            check_config(flags.config)
        if flags.compile_for is not None:
            sys.exit(compile_for(flags.config, flags.compile_for))
        with one_line_errors():
            check_workdir(flags.workdir, flags.config)
        train(flags, stop, shlex.join(argv[1:]))


def train(flags: FlagValues, stop: StopRequest, arguments: str) -> None:
    # Imported late: a mistake in the arguments is told before JAX starts up.
    from data import TooManyBadImages
    from training import loop, processes
    from training.feature_maps import save_feature_maps
    from training.record import Record
    from training.run import build_run, use_compilation_cache

    processes.join()
    use_compilation_cache()
    workdir = Path(flags.workdir)
    with one_line_errors(leave=processes.leave):
        run = build_run(flags.config)
    with (
        one_line_errors(RunError, TooManyBadImages, leave=processes.leave_at_once),
        Record(run, workdir) as record,
    ):
        state, signal = loop.train(run, record, stop)
    if signal is None:
        save_feature_maps(run, state, workdir)
    if not processes.is_first():
        sys.exit(0 if signal is None else 128 + signal)
    if signal is not None:
        print(f"stopped at step {int(state.step)} of {run.steps}")
        print(f"to go on        python train.py {arguments}")
        sys.exit(128 + signal)

    from analysis.curves import draw_curves
    from analysis.feature_maps import draw_feature_maps

    pictures = [draw_curves(workdir), draw_feature_maps(workdir)]
    report(workdir, [path for path in pictures if path])
    print(f"next            python eval.py {arguments}")


def report(workdir: Path, pictures: list[Path]) -> None:
    """The result and where to look."""
    lines = read_metrics(workdir)
    evaluated = [line for line in lines if "eval/accuracy" in line]
    best = max(evaluated, key=lambda line: line["eval/accuracy"])
    last = evaluated[-1]
    print(f"accuracy        {last['eval/accuracy']:.2%} held-out, top-1, at step {last['step']}")
    print(f"best            {best['eval/accuracy']:.2%} at step {best['step']}")
    for name in ("train/bad_images", "eval/bad_images"):
        if count := max((line.get(name, 0) for line in lines), default=0):
            print(f"bad images      {count} did not decode ({name.partition('/')[0]})")
    for path in pictures:
        print(f"picture         {path}")


if __name__ == "__main__":
    main(sys.argv)
