"""The paper's Figure 6: class activation maps of networks trained with and without DropBlock."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from analysis.arrays import read_arrays
from analysis.networks import networks
from analysis.pictures import Figure, new_figure, save
from analysis.runs import find_runs
from analysis.tables import mean, write_csv
from runfiles import CLASS_ACTIVATION


def figure6(folder: Path, *others: Path) -> str:
    """Draws ``figure6.png`` and writes ``figure6.csv`` into ``folder``; returns their paths.

    From the ``class_activation.npz`` that ``eval.py --cam=N`` writes into a run's folder. A row
    for each network, of its first run; the table has how much of an image the maps cover, over
    all runs: the share of positions above half of the map's largest value.

    Raises:
      FileNotFoundError: a folder has no finished run, or no run has that file.
      ValueError: a file is damaged, or two have different images.
    """
    runs = [run for run in find_runs(folder, *others) if (run.workdir / CLASS_ACTIVATION).exists()]
    if not runs:
        raise FileNotFoundError(
            f"{folder} holds no {CLASS_ACTIVATION} of a finished run: eval.py --cam=10 writes it."
        )
    arrays = {run.workdir: read_arrays(run.workdir / CLASS_ACTIVATION) for run in runs}
    by_network = {
        name: [arrays[run.workdir] for run in own] for name, own in networks(runs).items()
    }
    _check_same_images(arrays)
    figure = _draw({name: own[0] for name, own in by_network.items()})
    rows = [
        [name, len(own), f"{mean([covered(each['activation']) for each in own]):.3f}"]
        for name, own in by_network.items()
    ]
    path = save(figure, folder / "figure6.png", dpi=150)
    header = ["network", "runs", "area_above_half_mean"]
    return f"{path}\n{write_csv(folder / 'figure6.csv', [header, *rows])}"


def covered(activation: np.ndarray) -> float:
    """The mean share of positions above half of each map's largest value.

    ``activation``: (images, height, width).
    """
    top = activation.max(axis=(1, 2), keepdims=True)
    return float((activation > 0.5 * top).mean())


def _check_same_images(arrays: dict[Path, dict[str, np.ndarray]]) -> None:
    first, *others = arrays
    for other in others:
        if not np.array_equal(arrays[first]["image"], arrays[other]["image"]):
            raise ValueError(
                f"the {CLASS_ACTIVATION} of {first} and of {other} have different images: "
                "run eval.py --cam=N with the same N and the same evaluation images for both."
            )


def _draw(networks: dict[str, dict[str, np.ndarray]]) -> Figure:
    """The images in the first row, then a row of maps over the images for each network."""
    first = next(iter(networks.values()))
    images, labels, class_names = first["image"], first["label"], first["class_names"]
    figure = new_figure(1.1 * len(images) + 1.2, 1.25 * (len(networks) + 1))
    grid = figure.subplots(len(networks) + 1, len(images), squeeze=False)
    for axis in grid.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, image, label in zip(grid[0], images, labels, strict=True):
        axis.imshow(image.squeeze(), cmap="gray")
        axis.set_title(class_names[label], fontsize=8)
    grid[0][0].set_ylabel("image", fontsize=8)
    for row, (name, arrays) in zip(grid[1:], networks.items(), strict=True):
        row[0].set_ylabel(textwrap.fill(name, 18), fontsize=8)
        for axis, image, activation in zip(row, images, arrays["activation"], strict=True):
            _overlay(axis, image, activation)
        for axis, label, said in zip(row, labels, arrays["prediction"], strict=True):
            if label != said:
                axis.set_title(f"taken for {class_names[said]}", fontsize=6, color="#D55E00", pad=2)
    figure.suptitle("Class activation: bright parts speak for the image's class", fontsize=9)
    return figure


def _overlay(axis: Any, image: np.ndarray, activation: np.ndarray) -> None:
    """Draws the map over its image, from nothing (transparent) to its largest value."""
    height, width = image.shape[:2]
    axis.imshow(image.squeeze(), cmap="gray")
    axis.imshow(
        np.maximum(activation, 0) / max(activation.max(), 1e-6),
        cmap="inferno", alpha=0.6, interpolation="bilinear",
        extent=(-0.5, width - 0.5, height - 0.5, -0.5), vmin=0, vmax=1,
    )  # fmt: skip
