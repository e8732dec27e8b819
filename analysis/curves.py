"""Training curves of a run: loss, accuracy, keep_prob and the realised drop."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from analysis.runs import read_lines


def draw_curves(workdir: Path) -> Path:
    """Draws ``figures/curves.png`` from ``metrics.jsonl``; returns its path."""
    lines = read_lines(workdir)
    train = [line for line in lines if "train/loss" in line]
    evaluated = [line for line in lines if "eval/loss" in line]
    dropping = [line for line in train if "train/keep_prob" in line]

    figure = Figure(figsize=(12 if dropping else 8, 3.6), layout="constrained")
    axes = figure.subplots(1, 3 if dropping else 2)
    _plot(axes[0], train, "train/loss", "train")
    _plot(axes[0], evaluated, "eval/loss", "held-out", marker="o")
    axes[0].set(title="Cross-entropy loss", xlabel="step", yscale="log")
    _plot(axes[1], train, "train/accuracy", "train", scale=100)
    _plot(axes[1], evaluated, "eval/accuracy", "held-out", scale=100, marker="o")
    axes[1].set(title="Top-1 accuracy, %", xlabel="step")
    if evaluated:
        best = max(line["eval/accuracy"] for line in evaluated)
        axes[1].axhline(100 * best, color="grey", linewidth=0.8, linestyle=":")
        axes[1].set_title(f"Top-1 accuracy, % (best held-out {100 * best:.2f})")
    if dropping:
        steps = [line["step"] for line in dropping]
        asked = [100 * (1 - line["train/keep_prob"]) for line in dropping]
        axes[2].plot(steps, asked, color="black", linestyle="--", label="1 - keep_prob")
        for group in dropping[0]["train/dropped"]:
            share = [100 * line["train/dropped"][group] for line in dropping]
            axes[2].plot(steps, share, label=f"group {group}, realised")
        axes[2].set(title="Units dropped, %", xlabel="step")
    for axis in axes:
        axis.legend(frameon=False)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    path = workdir / "figures" / "curves.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def _plot(
    axis: Any, lines: list[dict], name: str, label: str, scale: float = 1, **style: Any
) -> None:
    points = [(line["step"], scale * line[name]) for line in lines if name in line]
    if points:
        axis.plot(*zip(*points, strict=True), label=label, **style)
