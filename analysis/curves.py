"""Training curves of a run: what its task wants drawn, and keep_prob with the realised drop."""

from pathlib import Path
from typing import Any

from analysis.measure import curves_of, factor_of, label_of
from analysis.pictures import Figure, new_figure, save
from runfiles import FIGURES, Curve, RunRecord, best_step, read_metrics, read_record


def draw_curves(workdir: Path) -> Path:
    """Draws ``figures/curves.png`` from a run's ``config.json`` and ``metrics.jsonl``.

    Returns:
      Its path.

    Raises:
      FileNotFoundError: there is no run that has begun.
    """
    record = read_record(workdir)
    if record is None or not record.begun:
        raise FileNotFoundError(f"{workdir} holds no run that has begun.")
    figure = curves_figure(record, read_metrics(workdir))
    return save(figure, workdir / FIGURES / "curves.png", dpi=120)


def curves_figure(record: RunRecord, lines: list[dict[str, Any]]) -> Figure:
    """Draws the curves of a run that has begun, with the ``lines`` of its ``metrics.jsonl``."""
    dropping = [line for line in lines if "train/keep_prob" in line]
    curves = curves_of(record)
    panels = len(curves) + bool(dropping)
    figure = new_figure(4 * panels, 3.6)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for axis, curve in zip(axes, curves, strict=False):
        _draw_curve(axis, lines, curve)
        if curve["metric"] == record.best_metric:
            name = f"eval/{record.best_metric}"
            _mark_best(axis, {line["step"]: line[name] for line in lines if name in line}, curve)
    if dropping:
        _draw_dropped(axes[-1], dropping)
    for axis in axes:
        if axis.lines:
            axis.legend(frameon=False)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_curve(axis: Any, lines: list[dict[str, Any]], curve: Curve) -> None:
    for name, label, style in (("train", "train", {}), ("eval", "held-out", {"marker": "o"})):
        key = f"{name}/{curve['metric']}"
        points = [(line["step"], factor_of(curve) * line[key]) for line in lines if key in line]
        if points:
            axis.plot(*zip(*points, strict=True), label=label, **style)
    axis.set(title=label_of(curve), xlabel="step")
    if curve["scale"] == "log" and any(y > 0 for line in axis.lines for y in line.get_ydata()):
        axis.set_yscale("log")


def _mark_best(axis: Any, values: dict[int, float], curve: Curve) -> None:
    """The level of the best evaluation, which the title names."""
    step = best_step(values)
    if step is not None:
        best = factor_of(curve) * values[step]
        axis.axhline(best, color="grey", linewidth=0.8, linestyle=":")
        axis.set_title(f"{label_of(curve)} (best held-out {best:.2f})")


def _draw_dropped(axis: Any, lines: list[dict[str, Any]]) -> None:
    """The share that each group dropped, beside the one that was asked for, in %."""
    steps = [line["step"] for line in lines]
    asked = [100 * (1 - line["train/keep_prob"]) for line in lines]
    axis.plot(steps, asked, color="black", linestyle="--", label="1 - keep_prob")
    realised = [(line["step"], line.get("train/dropped", {})) for line in lines]
    for group in dict.fromkeys(group for _, shares in realised for group in shares):
        points = [(step, 100 * shares[group]) for step, shares in realised if group in shares]
        axis.plot(*zip(*points, strict=True), label=f"group {group}, realised")
    axis.set(title="Units dropped, %", xlabel="step")
