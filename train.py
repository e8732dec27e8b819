"""Trains a network from a config file.

    python train.py --config=configs/digits.py:dropblock --workdir=runs/digits

Started again on the same workdir, it goes on where it was.
"""

import shlex
import sys
from pathlib import Path

from training.check import check_config
from training.command_line import one_line_errors, parse
from training.run_files import check_workdir, read_metrics


def main(argv: list[str]) -> None:
    with one_line_errors():
        flags = parse(argv)
        check_config(flags.config)
        check_workdir(flags.workdir, flags.config)

        # Imported late: a mistake in the arguments is told before JAX starts up.
        from data import TooManyBadImages
        from training.feature_maps import save_feature_maps
        from training.loop import train
        from training.run import Run, use_compilation_cache

        use_compilation_cache()
        run = Run(flags.config)

    workdir = Path(flags.workdir)
    try:
        state, signal = train(run, workdir)
    except TooManyBadImages as error:
        sys.exit(f"error: {error}")
    command = shlex.join(argv[1:])
    if signal is not None:
        print(f"stopped at step {int(state.step)} of {run.steps}; to go on: python train.py {command}")
        sys.exit(128 + signal)

    from analysis.curves import draw_curves
    from analysis.feature_maps import draw_feature_maps

    save_feature_maps(run, state, workdir)
    pictures = [draw_curves(workdir), draw_feature_maps(workdir)]
    report(workdir, run.steps, [path for path in pictures if path], flags.config_file)


def report(workdir: Path, steps: int, pictures: list[Path], config_file: str) -> None:
    """The result, where to look, and what to type next."""
    evaluated = [line for line in read_metrics(workdir) if "eval/accuracy" in line]
    best = max(evaluated, key=lambda line: line["eval/accuracy"])
    print(f"steps           {steps}")
    print(f"accuracy        {evaluated[-1]['eval/accuracy']:.2%} (held-out, top-1)")
    print(f"best            {best['eval/accuracy']:.2%} at step {best['step']}")
    for path in pictures:
        print(f"picture         {path}")
    print(f"next            python eval.py --config={config_file} --workdir={workdir}")


if __name__ == "__main__":
    main(sys.argv)
