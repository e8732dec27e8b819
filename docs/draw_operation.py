"""Draws docs/operation.png: one channel on its way through DropBlock, by the library's own steps.

python docs/draw_operation.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dropblock import _packed, _seeds, dropblock

LENGTH, BLOCK, GAMMA, KEY = 14, 4, 0.04, 258
VALID = LENGTH - BLOCK + 1
BLANK_OR_SET = ListedColormap(["white", "#c1432e"])


def bits_of(words: jax.Array, rows: int) -> np.ndarray:
    """(rows, LENGTH) 0 or 1 of one channel's 16-bit words."""
    words = np.asarray(words).reshape(rows, 1)
    return words >> np.arange(LENGTH) & 1


def draw(axis: Axes, bits: np.ndarray, title: str) -> None:
    whole = np.zeros((LENGTH, LENGTH))
    whole[: len(bits)] = bits
    axis.imshow(whole, cmap=BLANK_OR_SET, vmin=0, vmax=1)
    axis.set_title(title, fontsize=10)
    axis.set(xticks=[], yticks=[])
    for line in np.arange(LENGTH + 1) - 0.5:
        axis.axhline(line, color="0.85", linewidth=0.6)
        axis.axvline(line, color="0.85", linewidth=0.6)


def draw_gaps(axis: Axes, seeds: np.ndarray) -> None:
    """The random numbers: one arrow a draw, from a seed to the next one of its row."""
    axis.add_patch(Rectangle((-0.5, -0.5), VALID, VALID, fill=False, linewidth=1.6))
    for row in range(VALID):
        start = -1
        for seed in np.flatnonzero(seeds[row]):
            axis.annotate(
                "", (seed, row), (start + 0.5, row), arrowprops={"arrowstyle": "->", "color": "0.3"}
            )
            axis.text(seed, row, str(seed - start - 1), ha="center", va="center", color="white")
            start = seed


def main() -> None:
    key, gamma = jax.random.key(KEY), jnp.float32(GAMMA)
    words, bits, dtype = _packed.layout(LENGTH)
    assert words == 1
    seeds = _seeds.seed_words(key, gamma, (1, VALID, VALID, 1), bits, dtype)
    wide = _packed._double(seeds, BLOCK, lambda x, n: x | _packed._shift(x, n, bits))
    dropped = _packed.sample(key, gamma, (1, LENGTH, LENGTH, 1), (BLOCK, BLOCK))
    height, width = np.mgrid[:LENGTH, :LENGTH] / LENGTH
    x = 1 + np.sin(7 * width + 3 * height) * np.cos(5 * height - 2 * width)
    y = dropblock(key, jnp.asarray(x, jnp.float32)[None, ..., None], gamma, BLOCK)
    share = float(np.mean(bits_of(dropped.words, LENGTH)))

    figure = Figure(figsize=(13, 3.6), layout="constrained")
    axes = figure.subplots(1, 4)
    draw(axes[0], bits_of(seeds, VALID), "1  seeds, by the gaps between them")
    draw_gaps(axes[0], bits_of(seeds, VALID))
    axes[0].set_xlabel("inside the frame a whole block fits")
    draw(axes[1], bits_of(wide, VALID), "2  along the row: shifts of one word")
    axes[1].set_xlabel(f"{LENGTH} positions = {LENGTH} bits")
    draw(axes[2], bits_of(dropped.words, LENGTH), "3  along the column: whole words")
    axes[2].set_xlabel(f"counted: {share:.0%} dropped")
    kept = np.where(bits_of(dropped.words, LENGTH) == 1, np.nan, np.asarray(y)[0, ..., 0])
    axes[3].imshow(kept, cmap="viridis")
    axes[3].set_title("4  unpacked while multiplying", fontsize=10)
    axes[3].set(xticks=[], yticks=[], xlabel=f"kept units x {1 / (1 - share):.2f}")
    figure.savefig(Path(__file__).with_name("operation.png"), dpi=110)


if __name__ == "__main__":
    main()
