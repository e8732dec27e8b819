"""An image and its feature maps before and after DropBlock, as the paper's Figure 1."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

CHANNELS = 6


def draw_feature_maps(workdir: Path) -> Path | None:
    """Draws ``figures/feature_maps.png`` from ``feature_maps.npz``; None where there is none.

    Shown are the channels whose activations lost most, so that there is a block to see.
    """
    source = workdir / "feature_maps.npz"
    if not source.exists():
        return None
    arrays = np.load(source)
    groups = sorted(name.removesuffix("_before") for name in arrays if name.endswith("_before"))
    figure = Figure(figsize=(1.5 * (CHANNELS + 2), 3.2 * len(groups)), layout="constrained")
    grid = figure.subplots(2 * len(groups), CHANNELS + 1, squeeze=False)
    for index, group in enumerate(groups):
        _draw_group(grid[2 * index : 2 * index + 2], arrays, group)
    figure.suptitle("Feature maps before and after dropping (red: dropped)")
    path = workdir / "figures" / "feature_maps.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def _draw_group(rows: Any, arrays: Any, group: str) -> None:
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
