"""What a person watching sees: a bar with the numbers that matter, and single lines above it."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from tqdm import tqdm

from training.devices import processes


class Progress:
    """A progress bar on stderr, on process 0 only."""

    def __init__(self, step: int, steps: int):
        self._bar = tqdm(
            total=steps,
            initial=step,
            file=sys.stderr,
            disable=not processes.is_first(),
            dynamic_ncols=True,
            # A log file does not need ten lines a second.
            mininterval=0.2 if sys.stderr.isatty() else 10,
            bar_format="train {n_fmt}/{total_fmt} |{bar:16}| {elapsed}<{remaining} {desc}",
        )

    def advance(self) -> None:
        self._bar.update()

    def show(self, values: Mapping[str, Any]) -> None:
        """Shows the latest logged values: loss, keep_prob, realised drop, images/s.

        Of many runs that train together: their means.
        """
        parts = [f"loss {np.mean(values['train/loss']):.3f}"]
        if "train/keep_prob" in values:
            shares = values["train/dropped"].items()
            parts.append(f"keep_prob {np.mean(values['train/keep_prob']):.3f}")
            parts.append(
                "dropped " + " ".join(f"g{group} {np.mean(share):.1%}" for group, share in shares)
            )
        if "train/images_per_second" in values:
            parts.append(f"{values['train/images_per_second']:.0f} images/s")
        self._bar.set_description_str(", ".join(parts), refresh=False)

    def say(self, line: str) -> None:
        """One line above the bar."""
        if processes.is_first():
            self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        self._bar.close()
