"""Evaluates a run's checkpoint: one JSON line of metrics, or a fingerprint of its state.

    python eval.py --workdir=runs/digits

The config is the run's own. Beside that: ``--draw=10`` and ``--cam=10`` make pictures,
``--inference_keep_prob=1,0.9 --inference_block_size=1,3`` drop at inference (the paper's Figure 5),
``--detections=FILE`` writes COCO's JSON.
"""

import sys
from pathlib import Path

from absl import flags, logging

from probes.pictures import PICTURES, pictures_of
from runfiles import EVALUATIONS, INFERENCE, json_line
from training.config import Arguments, check_config, one_line_errors, parse
from training.config.check import numbers
from training.errors import RunError
from training.stop import StopRequest
from training.streams import guard_streams


def define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_bool("fingerprint", False, "Print a hash of the whole state instead.", values)
    flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "Which checkpoint.", values)
    flags.DEFINE_list("inference_keep_prob", [], "Evaluate with DropBlock, once for each.", values)
    flags.DEFINE_list(
        "inference_block_size", [], "And for each of these; else the config's.", values
    )
    flags.DEFINE_string("detections", None, "Write what is detected here, as COCO's JSON.", values)
    for name, (what, _) in PICTURES.items():
        flags.DEFINE_integer(name, 0, f"{what} of so many images.", 0, flag_values=values)


def main(argv: list[str]) -> None:
    with one_line_errors():
        arguments = parse(argv, define_flags, own_config=True)
        check_config(arguments.config)
        keep_probs = numbers("--inference_keep_prob", arguments.inference_keep_prob, float, 0, 1)
        block_sizes = numbers("--inference_block_size", arguments.inference_block_size, int, 1)
        if block_sizes and not keep_probs:
            raise ValueError("--inference_block_size needs --inference_keep_prob beside it.")
    # Imported late: what is wrong with the arguments is said before the rest is loaded.
    from training.devices import ignore_absent_tpus, processes
    from training.run import use_compilation_cache

    logging.set_verbosity(logging.ERROR)  # Orbax warns that it reads only
    ignore_absent_tpus()
    use_compilation_cache()
    kinds = (ValueError, OSError, RunError)
    with StopRequest() as stop, one_line_errors(*kinds, leave=processes.leave):
        processes.join()
        evaluate(arguments, keep_probs, block_sizes, stop)


def evaluate(
    arguments: Arguments, keep_probs: list[float], block_sizes: list[int], stop: StopRequest
) -> None:
    from probes import inference_drop
    from training import evaluation
    from training.devices import processes
    from training.run import build_run
    from training.state import fingerprint
    from training.workdir import find_trained, results_writer, write_lines

    run, workdir = build_run(arguments.config), Path(arguments.workdir)
    say = print if processes.is_first() else lambda *args, **kwargs: None
    pictures = pictures_of(run, {flag: getattr(arguments, flag) for flag in PICTURES})
    keep = results_writer(run.task, arguments.detections)
    checkpoints, step = find_trained(workdir, run.task.best_metric, arguments.checkpoint)
    if arguments.fingerprint:
        say(fingerprint(checkpoints.restore(step, run.abstract_state())[0]))
        return
    state = checkpoints.restore_network(step, run.abstract_state())
    for what, save in pictures.items():
        say(f"{what}: {save(state, workdir)}")
    if keep_probs:
        lines, sizes = [], block_sizes or [arguments.config.regularizer.block_size]
        for line in inference_drop.evaluate_with_drop(run, state, keep_probs, sizes, stop):
            lines.append({"step": step} | line)
            say(json_line(lines[-1]), flush=True)
        write_lines(workdir / INFERENCE, lines)
    elif not pictures:
        results = evaluation.evaluate(run, run.eval_step, state, stop, keep=keep) or {}
        line = {"step": step} | {f"eval/{name}": value for name, value in results.items()}
        say(json_line(line))
        if absent := evaluation.absent(results):
            say(f"not in the split, and not in the mean: {', '.join(absent)}", file=sys.stderr)
        write_lines(workdir / EVALUATIONS, [line | {"changes": arguments.changes}], append=True)


if __name__ == "__main__":
    guard_streams()
    main(sys.argv)
