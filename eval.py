"""Evaluates a run's checkpoint: one JSON line of metrics, or a fingerprint of its state.

    python eval.py --config=configs/digits.py:dropblock --workdir=runs/digits

For the paper's Figure 5, with DropBlock at inference, and for its Figure 6:

    python eval.py ... --inference_keep_prob=1,0.9,0.8 --inference_block_size=1,3
    python eval.py ... --cam=10
"""

import json
import sys
from pathlib import Path

from absl import logging
from absl.flags import DEFINE_bool, DEFINE_enum, DEFINE_integer, DEFINE_list, FlagValues

from training.check import check_config, numbers
from training.command_line import one_line_errors, parse
from training.errors import RunError
from training.run_files import check_same_network
from training.stop import StopRequest


def define_flags(values: FlagValues) -> None:
    DEFINE_bool("fingerprint", False, "Print a hash of the whole state instead.", values)
    DEFINE_enum("checkpoint", "latest", ["latest", "best"], "Which checkpoint.", values)
    DEFINE_list("inference_keep_prob", [], "Evaluate with DropBlock, once for each.", values)
    DEFINE_list("inference_block_size", [], "And for each of these; else the config's.", values)
    DEFINE_integer("cam", 0, "Class activation maps of so many images.", flag_values=values)


def main(argv: list[str]) -> None:
    with one_line_errors(ValueError, OSError, RunError):
        flags = parse(argv, define_flags)
        check_config(flags.config)
        keep_probs = numbers("--inference_keep_prob", flags.inference_keep_prob, float, 0, 1)
        block_sizes = numbers("--inference_block_size", flags.inference_block_size, int, 1)
        check_same_network(flags.workdir, flags.config)

        # Imported late: a mistake in the arguments is told before JAX starts up.
        from training import inference_drop, processes
        from training.checkpoints import Checkpoints
        from training.class_activation import save_class_activation
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
    if flags.cam:
        print(f"class activation maps: {save_class_activation(run, state, workdir, flags.cam)}")
    with StopRequest() as stop:
        if keep_probs:
            sizes = block_sizes or [flags.config.regularizer.block_size]
            lines = []
            for line in inference_drop.evaluate_with_drop(run, state, keep_probs, sizes, stop):
                lines.append({"step": step} | line)
                print(json.dumps(lines[-1]), flush=True)
            inference_drop.write_lines(workdir, lines)
        elif not flags.cam:
            results = evaluate(run, run.eval_step, state, stop)
            metrics = {f"eval/{name}": value for name, value in results.items()}
            print(json.dumps({"step": step} | metrics))


if __name__ == "__main__":
    main(sys.argv)
