"""An image and its feature maps before and after DropBlock, as the paper's Figure 1."""

from pathlib import Path
from typing import Any

import numpy as np

from analysis.arrays import read_arrays
from analysis.pictures import new_figure, save
from runfiles import FEATURE_MAPS, FIGURES

CHANNELS = 6


def draw_feature_maps(workdir: Path) -> Path | None:
    """Draws ``figures/feature_maps.png`` from ``feature_maps.npz``; None where there is none.

    Shown are the channels that lost most of their activation, so that there is a block to see.

    Raises:
      ValueError: the file is damaged.
    """
    source = workdir / FEATURE_MAPS
    if not source.exists():
        return None
    arrays = read_arrays(source)
    groups = sorted(name.removesuffix("_before") for name in arrays if name.endswith("_before"))
    figure = new_figure(1.5 * (CHANNELS + 2), 3.2 * len(groups))
    grid = figure.subplots(2 * len(groups), CHANNELS + 1, squeeze=False)
    for index, group in enumerate(groups):
        _draw_group(grid[2 * index : 2 * index + 2], arrays, group)
    figure.suptitle("Feature maps before and after dropping (red: dropped)")
    return save(figure, workdir / FIGURES / "feature_maps.png", dpi=120)


def _draw_group(rows: Any, arrays: dict[str, np.ndarray], group: str) -> None:
    before, after, kept = (arrays[f"{group}_{kind}"] for kind in ("before", "after", "kept"))
    lost = np.where(kept, 0, before).sum(axis=(0, 1))
    chosen = np.argsort(-lost)[:CHANNELS]
    for row, name in zip(rows, ("before", "after"), strict=True):
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        row[1].set_ylabel(f"group {group.removeprefix('group')}, {name}")
        row[0].set_visible(name == "before")
    image = arrays["image"]
    rows[0][0].imshow(image.squeeze(), cmap="gray")
    rows[0][0].set_title("image", fontsize=9)
    for axis_before, axis_after, channel in zip(rows[0][1:], rows[1][1:], chosen, strict=False):
        shown, left = before[..., channel], after[..., channel]
        top = max(shown.max(), 1e-6)
        axis_before.imshow(shown, vmin=0, vmax=top, cmap="viridis")
        axis_before.set_title(f"channel {channel}", fontsize=9)
        axis_after.imshow(left, vmin=0, vmax=top, cmap="viridis")
        dropped = np.where(kept[..., channel], np.nan, 1.0)
        axis_after.imshow(dropped, vmin=0, vmax=1.4, cmap="Reds")
