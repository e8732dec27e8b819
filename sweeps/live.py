"""What a person watching a sweep sees: how many runs are in which state, and the best ones."""

import sys
import time
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runfiles import State
from sweeps.launch import Board
from sweeps.plan import Trial
from sweeps.table import Result, best_of, read_result, why_failed, write_table

# Rows of each state that are shown; the table on disk has all.
SHOWN = 8
# Seconds between two looks at the files of runs under way.
INTERVAL = 1.0


class LiveTable:
    """Shows a sweep: in a terminal a table, elsewhere a line for each change. Writes sweep.csv."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._console = Console(file=sys.stderr)
        self._live = Live(console=self._console, auto_refresh=False)
        self._results: dict[Trial, Result] = {}
        self._seen: dict[Trial, State] = {}
        self._start, self._looked = time.monotonic(), 0.0

    def show(self, board: Board) -> None:
        """Shows the board as it is, if something may have changed."""
        changed = board.states != self._seen
        if not changed and time.monotonic() - self._looked < INTERVAL:
            return
        for trial, state in board.states.items():
            if state is State.RUNNING or state is not self._seen.get(trial):
                self._results[trial] = read_result(trial)
        self._looked = time.monotonic()
        if changed:
            self._seen = dict(board.states)
            write_table(self._folder, board, self._results)
        if self._console.is_terminal:
            self._live.update(self._draw(board), refresh=True)
        elif changed:
            print(self._line(board), file=sys.stderr, flush=True)

    def _line(self, board: Board) -> str:
        counts = ", ".join(f"{len(board.of(state))} {state}" for state in State)
        best = [f"best {result.best:.2%} {trial.name}" for trial, result in self._best(1)]
        elapsed = f"{time.monotonic() - self._start:.0f} s"
        return "; ".join([f"{counts} of {len(board.states)}", *best, elapsed])

    def _best(self, count: int) -> list[tuple[Trial, Result]]:
        return list(best_of(self._results, count))

    def _draw(self, board: Board) -> RenderableType:
        table = Table("run", "", "step", "best", "last", box=None, pad_edge=False)
        rows = [(trial, State.RUNNING) for trial in board.of(State.RUNNING)[:SHOWN]]
        rows += [(trial, State.FAILED) for trial in board.of(State.FAILED)[:SHOWN]]
        best = [trial for trial, _ in self._best(3)]
        rows += [(trial, State.DONE) for trial in best if (trial, State.RUNNING) not in rows]
        for trial, state in rows:
            result = self._results[trial]
            word = why_failed(trial, board) or ("best" if state is State.DONE else state)
            table.add_row(
                *(trial.name, word, f"{result.step}/{result.steps or '?'}"),
                *(_percent(result.best), _percent(result.last)),
            )
        return Group(table, Text(self._line(board)))

    def __enter__(self) -> "LiveTable":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._console.is_terminal:
            self._live.stop()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"
