"""The paper's Figure 6: class activation maps of networks trained with and without DropBlock."""

import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from analysis.networks import in_order, network_of
from analysis.runs import Run, find_runs

FILE = "class_activation.npz"


def figure6(folder: Path, *others: Path) -> str:
    """Draws ``figure6.png`` and writes ``figure6.csv`` into ``folder``; returns their paths.

    From the ``class_activation.npz`` that ``eval.py --cam=N`` writes into a run's folder. A row
    for each network, of its first run; the table has how much of an image the maps cover, over
    all runs: the share of positions above half of the map's largest value.

    Raises:
      FileNotFoundError: a folder holds no run, or no run has one.
    """
    runs: dict[str, list[Run]] = {}
    for run in find_runs(folder, *others):
        if (run.workdir / FILE).exists():
            runs.setdefault(network_of(run.config), []).append(run)
    if not runs:
        raise FileNotFoundError(f"{folder} holds no {FILE}: eval.py --cam=10 writes it.")
    names = in_order(set(runs))
    first = {name: np.load(runs[name][0].workdir / FILE) for name in names}
    images, labels = first[names[0]]["image"], first[names[0]]["label"]
    class_names = first[names[0]]["class_names"]
    figure = Figure(
        figsize=(1.1 * len(images) + 1.2, 1.25 * (len(names) + 1)), layout="constrained"
    )
    grid = figure.subplots(len(names) + 1, len(images), squeeze=False)
    for axis in grid.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, image, label in zip(grid[0], images, labels, strict=True):
        axis.imshow(image.squeeze(), cmap="gray")
        axis.set_title(class_names[label], fontsize=8)
    grid[0][0].set_ylabel("image", fontsize=8)
    for row, name in zip(grid[1:], names, strict=True):
        arrays = first[name]
        row[0].set_ylabel(name.replace(" with", "\nwith"), fontsize=8)
        for axis, image, activation in zip(row, images, arrays["activation"], strict=True):
            _overlay(axis, image, activation)
        for axis, label, said in zip(row, labels, arrays["prediction"], strict=True):
            if label != said:
                axis.set_title(f"taken for {class_names[said]}", fontsize=6, color="#D55E00", pad=2)
    figure.suptitle("Class activation: bright parts speak for the image's class", fontsize=9)
    path, table = folder / "figure6.png", folder / "figure6.csv"
    figure.savefig(path, dpi=150)
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "runs", "area_above_half_mean"])
        for name in names:
            areas = [covered(np.load(run.workdir / FILE)["activation"]) for run in runs[name]]
            writer.writerow([name, len(areas), f"{np.mean(areas):.3f}"])
    return f"{path}\n{table}"


def covered(activation: np.ndarray) -> float:
    """Mean share of positions above half of each map's largest value.

    ``activation``: (images, height, width).
    """
    top = activation.max(axis=(1, 2), keepdims=True)
    return float((activation > 0.5 * top).mean())


def _overlay(axis, image: np.ndarray, activation: np.ndarray) -> None:
    """The map over its image, from nothing (transparent) to its largest value."""
    height, width = image.shape[:2]
    axis.imshow(image.squeeze(), cmap="gray")
    axis.imshow(
        np.maximum(activation, 0) / max(activation.max(), 1e-6),
        cmap="inferno", alpha=0.6, interpolation="bilinear",
        extent=(-0.5, width - 0.5, height - 0.5, -0.5), vmin=0, vmax=1,
    )  # fmt: skip
