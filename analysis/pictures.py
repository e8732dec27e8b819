"""Pictures as files, drawn without a display and without pyplot."""

import io
import os
from pathlib import Path

from runfiles import replace

# matplotlib refuses to be imported where MPLBACKEND names what is not installed, as in a process
# that a notebook started. No backend is used here.
_backend = os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
finally:
    if _backend is not None:
        os.environ["MPLBACKEND"] = _backend

__all__ = ["Figure", "new_figure", "save", "svg"]


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


def svg(figure: Figure, salt: str) -> str:
    """Renders a figure as an SVG element for a page; with another ``salt`` its ids are others."""
    content = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
    text = content.getvalue()
    return text[text.index("<svg") :]
