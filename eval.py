"""Evaluates a run's checkpoint: one JSON line of metrics, or a fingerprint of its state.

    python eval.py --config=configs/digits.py:dropblock --workdir=runs/digits
"""

import json
import sys
from pathlib import Path

from absl import flags as absl_flags

from training.check import check_config
from training.command_line import one_line_errors, parse
from training.run_files import FREE_FIELDS, check_workdir, read_config


def define_flags(values: absl_flags.FlagValues) -> None:
    absl_flags.DEFINE_bool(
        "fingerprint", False, "Print a hash of the whole state instead.", flag_values=values
    )
    absl_flags.DEFINE_enum(
        "checkpoint", "latest", ["latest", "best"], "Which checkpoint.", flag_values=values
    )


def main(argv: list[str]) -> None:
    with one_line_errors():
        flags = parse(argv, define_flags)
        workdir = Path(flags.workdir)
        check_config(flags.config)
        if read_config(workdir) is None:
            raise FileNotFoundError(f"--workdir={workdir} holds no run: train.py makes one.")
        # Other data may be evaluated, but not another network.
        check_workdir(flags.workdir, flags.config, free=(*FREE_FIELDS, "data", "batch_size"))

        from training.checkpoints import Checkpoints
        from training.evaluation import evaluate
        from training.run import Run, use_compilation_cache
        from training.state import fingerprint

        use_compilation_cache()
        run = Run(flags.config)
        checkpoints = Checkpoints(workdir, run.task.best_metric)
        step = checkpoints.step(flags.checkpoint)
        if step is None:
            raise FileNotFoundError(f"--workdir={workdir} holds no checkpoint yet.")

    state, _ = checkpoints.restore(step, run.abstract_state())
    if flags.fingerprint:
        print(fingerprint(state))
        return
    results = evaluate(run, state)
    print(json.dumps({"step": step} | {f"eval/{name}": value for name, value in results.items()}))


if __name__ == "__main__":
    main(sys.argv)
