"""Evaluates a run's checkpoint: one JSON line of metrics, or a fingerprint of its state.

python eval.py --config=configs/digits.py:dropblock --workdir=runs/digits
"""

import json
import sys
from pathlib import Path

from absl import flags as absl_flags
from absl import logging

from training.check import check_config
from training.command_line import one_line_errors, parse
from training.errors import RunError
from training.run_files import check_same_network
from training.stop import StopRequest


def define_flags(values: absl_flags.FlagValues) -> None:
    absl_flags.DEFINE_bool(
        "fingerprint", False, "Print a hash of the whole state instead.", flag_values=values
    )
    absl_flags.DEFINE_enum(
        "checkpoint", "latest", ["latest", "best"], "Which checkpoint.", flag_values=values
    )


def main(argv: list[str]) -> None:
    with one_line_errors(ValueError, OSError, RunError):
        flags = parse(argv, define_flags)
        check_config(flags.config)
        check_same_network(flags.workdir, flags.config)

        # Imported late: a mistake in the arguments is told before JAX starts up.
        from training import processes
        from training.checkpoints import Checkpoints
        from training.evaluation import evaluate
        from training.run import build_run, use_compilation_cache
        from training.run_files import evaluations
        from training.state import fingerprint

        logging.set_verbosity(logging.ERROR)  # Orbax warns that it reads only
        processes.join()
        use_compilation_cache()
        run = build_run(flags.config)
        workdir = Path(flags.workdir)
        scores = evaluations(workdir, run.task.best_metric)
        checkpoints = Checkpoints(workdir, scores, read_only=True)
        for step, reason in checkpoints.damaged.items():
            print(f"the checkpoint of step {step} is damaged ({reason})", file=sys.stderr)
        step = checkpoints.best() if flags.checkpoint == "best" else checkpoints.latest()
        if step is None:
            raise FileNotFoundError(f"--workdir={workdir} holds no checkpoint to evaluate yet.")

    state, _ = checkpoints.restore(step, run.abstract_state())
    if flags.fingerprint:
        print(fingerprint(state))
        return
    with StopRequest() as stop:
        results = evaluate(run, run.eval_step, state, stop)
    print(json.dumps({"step": step} | {f"eval/{name}": value for name, value in results.items()}))


if __name__ == "__main__":
    main(sys.argv)
