"""Curves of what a benchmark measured, as a picture for the docs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

Curve = Sequence[tuple[float, float]]

MOST_NUMBERS = 8  # at an axis


def draw_curves(path: Path, panels: Mapping[str, Mapping[str, Curve]], x: str) -> None:
    """Draw one panel per key, side by side over a logarithmic x axis; its title says what is on the y axis.

    Args:
        path: where the picture goes; its ending says in which format.
        panels: by title, curves by name.
        x: what is on the x axis, with its unit.
    """
    from matplotlib.figure import Figure  # here, because only a picture needs it

    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for axes, (title, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        for name, curve in curves.items():
            axes.plot(*zip(*curve, strict=True), marker="o", markersize=3, label=name)
        axes.set(title=title, xlabel=x, xscale="log", ylim=(0, None))
        axes.grid(alpha=0.3)
        _number(axes, sorted({place for curve in curves.values() for place, _ in curve}))
        if len(curves) > 1:
            axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _number(axes, places):
    """Write the measured places at the x axis, where they find room, in place of powers of ten."""
    if len(places) <= MOST_NUMBERS:
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.set_xticks([], minor=True)


def draw_bars(path: Path, values: Mapping[str, float], title: str) -> None:
    """Draw one bar per name, shorter is better, each with its value."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 0.5 * len(values) + 0.9), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(values), list(values.values()), color="tab:blue")
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(title=title, xlim=(0, 1.15 * max(values.values())))
    axes.invert_yaxis()
    figure.savefig(path, dpi=110)
