"""Run folders as values: what a run was asked to do, and what it measured."""

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.differences import setting
from runfiles import (
    CHECKPOINTS,
    CONFIG,
    DAMAGED,
    EVALUATIONS,
    RunRecord,
    best_step,
    read_lines,
    read_metrics,
    read_record,
)


@dataclass(frozen=True)
class Run:
    """One run, finished unless it is said otherwise.

    Attributes:
      workdir: the folder.
      record: its ``config.json``.
      lines: of its ``metrics.jsonl``, in order.
    """

    workdir: Path
    record: RunRecord
    lines: list[dict[str, Any]]

    @property
    def is_finished(self) -> bool:
        """Whether its last step is evaluated."""
        metric = self.record.best_metric
        return metric is not None and self.record.steps in self.evaluations(metric)

    @property
    def config(self) -> dict[str, Any]:
        """Every field of the run, nested dicts."""
        return self.record.config

    def evaluations(self, metric: str) -> dict[int, float]:
        """Step -> value of ``eval/<metric>``, of every evaluation that has it."""
        name = f"eval/{metric}"
        return {line["step"]: line[name] for line in self.lines if name in line}

    def best(self, metric: str) -> float:
        """The largest value over all evaluations; NaN where none has a number."""
        values = self.evaluations(metric)
        step = best_step(values)
        return math.nan if step is None else values[step]

    def last(self, metric: str) -> float:
        """The value of the last evaluation that has the metric; NaN where none has."""
        values = self.evaluations(metric)
        return values[max(values)] if values else math.nan

    def other_splits(self, metric: str) -> dict[str, float]:
        """Split -> ``eval/<metric>`` as eval.py last measured it there; its own split is left out.

        Evaluations with other changes of the config do not count.
        """
        own, name = self.config["data"]["eval_split"], f"eval/{metric}"
        values = {
            line["changes"]["data.eval_split"]: line[name]
            for line in read_lines(self.workdir / EVALUATIONS)
            if name in line and line.get("changes", {}).keys() == {"data.eval_split"}
        }
        return {split: value for split, value in values.items() if split != own}


def find_runs(*folders: Path) -> list[Run]:
    """Finds every finished run in the folders, at any depth, each once; by path.

    A run is finished when its last step is evaluated; its checkpoints may be gone. Runs are the
    same if they have the same seed, the same values of all fields that decide a result, and the
    same evaluations: one is a copy of the other, or a repeat that came out the same, and says
    nothing new. How many runs are left out, and why, is printed to standard error.

    Raises:
      FileNotFoundError: a folder does not exist or holds no finished run.
      NotADirectoryError: a folder is a file.
    """
    runs: dict[str, Run] = {}
    left_out: Counter[str] = Counter()
    for folder in folders:
        found = list(_runs_in(folder))
        finished = [run for run in found if run.is_finished]
        if not finished:
            raise FileNotFoundError(
                f"{folder} holds no finished run: {len(found)} unfinished." if found
                else f"{folder} holds no run: no {CONFIG} of one."
            )  # fmt: skip
        left_out["unfinished"] += len(found) - len(finished)
        for run in finished:
            kept = runs.setdefault(_identity(run), run)
            # A folder may be given twice, or lie within another.
            left_out["the same as another"] += kept.workdir.resolve() != run.workdir.resolve()
    reasons = [f"{count} {reason}" for reason, count in left_out.items() if count]
    if reasons:
        print(f"runs left out: {', '.join(reasons)}", file=sys.stderr)
    return list(runs.values())


def all_runs(*folders: Path) -> list[Run]:
    """Finds every run in the folders, at any depth, finished or not; by path, each folder once.

    Raises:
      FileNotFoundError: a folder does not exist or holds no run.
      NotADirectoryError: a folder is a file.
    """
    runs: dict[Path, Run] = {}
    for folder in folders:
        found = {run.workdir.resolve(): run for run in _runs_in(folder)}
        if not found:
            raise FileNotFoundError(f"{folder} holds no run: no {CONFIG} of one.")
        runs = found | runs
    return list(runs.values())


def _runs_in(folder: Path) -> Iterator[Run]:
    if not folder.exists():
        raise FileNotFoundError(f"{folder} does not exist.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file, not a folder with runs.")
    for name, subfolders, files in os.walk(folder):
        # Checkpoints are many files, none of which is a run's.
        subfolders[:] = sorted(set(subfolders) - {CHECKPOINTS, DAMAGED})
        if CONFIG not in files:
            continue
        workdir = Path(name)
        try:
            record = read_record(workdir)
        except ValueError as error:
            print(f"passed over: {error}", file=sys.stderr)
            continue
        if record is not None:
            yield Run(workdir, record, read_metrics(workdir))


def _identity(run: Run) -> str:
    evaluations = [
        {name: value for name, value in line.items() if name == "step" or name.startswith("eval/")}
        for line in run.lines
        if any(name.startswith("eval/") for name in line)
    ]
    fields = [run.config.get("seed"), setting(run.record), evaluations]
    return json.dumps(fields, sort_keys=True)
