"""Run folders as values: what a run was asked to do, and what it logged."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """One run folder.

    Attributes:
      workdir: the folder.
      config: of the run, nested dicts.
      lines: of its ``metrics.jsonl``, in order.
    """

    workdir: Path
    config: dict[str, Any]
    lines: list[dict[str, Any]]

    def evaluations(self, metric: str) -> list[float]:
        """The values of ``eval/<metric>``, one an evaluation."""
        name = f"eval/{metric}"
        return [line[name] for line in self.lines if name in line]


def read_lines(workdir: Path) -> list[dict[str, Any]]:
    """The lines of a run's ``metrics.jsonl``."""
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def find_runs(*folders: Path) -> list[Run]:
    """Every run in the folders that has logged something, at any depth, by path.

    Raises:
      FileNotFoundError: a folder holds none.
    """
    runs = []
    for folder in folders:
        own = [
            Run(path.parent, json.loads(path.read_text())["config"], read_lines(path.parent))
            for path in sorted(folder.rglob("config.json"))
            if (path.parent / "metrics.jsonl").exists()
        ]
        if not own:
            raise FileNotFoundError(f"{folder} holds no run: no config.json with a metrics.jsonl.")
        runs += own
    return runs
