"""Pictures as files, drawn without a display and without pyplot."""

import io
import os
from pathlib import Path

from runfiles import replace

# matplotlib refuses to be imported where MPLBACKEND names what is not installed, as in a process
# that a notebook started. No backend is used here.
_backend = os.environ.pop("MPLBACKEND", None)
try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
finally:
    if _backend is not None:
        os.environ["MPLBACKEND"] = _backend

__all__ = ["Figure", "new_figure", "save"]


def new_figure(width: float, height: float) -> Figure:
    """Makes an empty figure; sizes are in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path, *, dpi: int) -> Path:
    """Writes a PNG file, whole or not at all; folders above it are made. Returns its path."""
    content = io.BytesIO()
    figure.set_dpi(dpi)
    FigureCanvasAgg(figure).print_png(content)
    replace(path, content.getvalue())
    return path
