"""Evaluates a run's checkpoint: one JSON line of metrics, or a fingerprint of its state.

python eval.py --config=configs/digits.py:dropblock --workdir=runs/digits
"""

import json
import sys
from pathlib import Path

from absl import flags as absl_flags

from training.check import check_config
from training.command_line import one_line_errors, parse
from training.run_files import check_same_network


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
        check_config(flags.config)
        check_same_network(flags.workdir, flags.config)

        # Imported late: a mistake in the arguments is told before JAX starts up.
        from training.checkpoints import Checkpoints
        from training.evaluation import evaluate
        from training.run import build_run, use_compilation_cache
        from training.state import fingerprint

        use_compilation_cache()
        run = build_run(flags.config)
        checkpoints = Checkpoints(Path(flags.workdir), run.task.best_metric)
        step = checkpoints.step(flags.checkpoint)
        if step is None:
            raise FileNotFoundError(f"--workdir={flags.workdir} holds no checkpoint yet.")

    state, _ = checkpoints.restore(step, run.abstract_state())
    if flags.fingerprint:
        print(fingerprint(state))
        return
    results = evaluate(run, state)
    print(json.dumps({"step": step} | {f"eval/{name}": value for name, value in results.items()}))


if __name__ == "__main__":
    main(sys.argv)
