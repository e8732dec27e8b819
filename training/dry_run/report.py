"""The lines of ``train.py --dry_run``."""

import math
from collections.abc import Iterable
from typing import Any

import jax
from ml_collections import ConfigDict

from runfiles import flat
from training.config import check_workdir, one_line_errors
from training.devices import ignore_absent_tpus, processes
from training.dry_run.forward import Alike, Forward, find_alike, trace
from training.dry_run.memory import bytes_of, whole_bytes_of
from training.dry_run.notes import find_notes
from training.dry_run.place import Place
from training.errors import RunError
from training.printed import binary, counted, decimal, row
from training.recipe.learning_rate import learning_rate
from training.run import Run, build_run


def dry_run(config: ConfigDict, workdir: str | None) -> None:
    """Prints what the run of a config would be, and what is odd in it.

    What makes the run impossible is said in one line instead, with exit code 2, as in training;
    only the data set may be missing, where its size is known without its files.

    Args:
      config: of the run, checked.
      workdir: of the run; None where none is given yet.
    """
    ignore_absent_tpus()
    with one_line_errors(ValueError, OSError, RunError, leave=processes.leave):
        if workdir is not None:
            check_workdir(workdir, config)
        processes.join()
        run = build_run(config, without_data=True)
        place = Place(workdir, run.steps)
        origin = [] if config.init_from is None or place.step else run.open_origin().notices
        forward = trace(run)
    if not processes.is_first():
        return
    alike = find_alike(forward.sites, run.regularizers)
    _print_devices(run)
    _print_data(run)
    _print_length(run)
    _print_network(run, forward)
    _print_dropping(run, forward, alike)
    _print_schedules(run)
    _print_memory(run)
    row("workdir", place.words)
    for line in origin:
        row("init_from", line)
    for note in [*place.notes, *find_notes(run, alike)]:
        print(f"note: {note}")


def _print_devices(run: Run) -> None:
    devices = run.mesh.devices.ravel()
    processes = f", processes {jax.process_count()}" if jax.process_count() > 1 else ""
    row("devices", f"{len(devices)} x {devices[0].device_kind}{processes}")
    row("mesh", ", ".join(f"{name} {size}" for name, size in run.mesh.shape.items()))


def _print_data(run: Run) -> None:
    config, info, size = run.config, run.task.info, run.config.batch_size
    classes = f", {len(info.class_names)} classes" if info.class_names else ""
    row("data", f"{config.data.name}{classes}")
    row("  train", f"{config.data.train_split}, {info.train_examples:,} examples")
    full, rest = divmod(info.eval_examples, size)
    last = f", the last of {rest}" if rest else ""
    batches = f"{counted(full + bool(rest), 'batch', 'batches')}{last}"
    row("  evaluate", f"{config.data.eval_split}, {info.eval_examples:,} examples: {batches}")
    row("batch", f"{size} examples, {size // run.mesh.size} a device")


def _print_length(run: Run) -> None:
    epoch = run.task.info.train_examples / run.config.batch_size
    row("length", f"{run.steps:,} steps, {run.steps / epoch:.4g} epochs of {epoch:.4g} steps")
    for label, every in (
        ("  evaluation", run.config.eval_every),
        ("  checkpoint", run.config.checkpoint_every),
    ):
        at_end = " and at the end" if run.steps % every else ""
        row(label, f"every {every} steps{at_end}, {math.ceil(run.steps / every)} in all")


def _print_network(run: Run, forward: Forward) -> None:
    params = flat(run.shapes.params)
    beginnings = tuple(run.config.model.get("frozen", ()))
    frozen = sum(leaf.size for name, leaf in params.items() if name.startswith(beginnings))
    stay = f", {frozen:,} of them frozen" if beginnings else ""
    count = sum(leaf.size for leaf in params.values())
    row("network", f"{run.config.model.name}, {count:,} parameters{stay}")
    adds = decimal(forward.multiply_adds).strip()
    row("", f"{adds} multiply-adds an image in a forward pass")


def _print_dropping(run: Run, forward: Forward, alike: list[Alike]) -> None:
    row("drop sites", f"{len(forward.sites)} in the network")
    for name, regularizer in run.regularizers.items():
        label = _label(run, name)
        row("", f"{label}, keep_prob {regularizer.keep_prob} at the end:")
        for place in alike:
            if place.name == name:
                size = "x".join(map(str, place.shape))
                words = f"{place.expected.words}, " if place.expected.words else ""
                first, *others = place.paths
                sites = f"{first} to {others[-1]}" if others else first
                row(
                    f"  group {place.group}",
                    f"{size:<14} {words}{place.expected.dropped:.2%} dropped, "
                    f"{counted(len(place.paths), 'site')}: {sites}",
                )


def _print_schedules(run: Run) -> None:
    config, steps = run.config, run.steps
    points = sorted({round(part * (steps - 1) / 4) for part in range(5)})
    rate = learning_rate(config, run.task.train_examples, config.learning_rate.base)
    _print_values("step", points)
    _print_values("learning_rate", map(rate, points))
    if run.regularizers:
        row("keep_prob", "")
    for name, regularizer in run.regularizers.items():
        values = (regularizer.keep_prob_at(point, steps) for point in points)
        _print_values(f"  {_label(run, name)}", values)


def _print_values(label: str, values: Iterable[Any]) -> None:
    texts = (f"{value}" if isinstance(value, int) else f"{float(value):.4g}" for value in values)
    row(label, "".join(f"{text:<11}" for text in texts))


def _print_memory(run: Run) -> None:
    state, batch = run.abstract_state(), run.abstract_batch(train=True)
    row("memory", f"{binary(bytes_of(state))} a device for the state")
    row("", f"{binary(bytes_of(batch))} a device for a batch; activations are not counted")
    row("disk", f"{binary(whole_bytes_of(state))} a checkpoint; the last two and the best stay")


def _label(run: Run, name: str) -> str:
    return run.config.regularizer.name if name == "regularizer" else name
