"""The curve of recall and precision over alerts a day, as a picture. It must never need a display, nor differ between runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditd.evaluation.caught import AtBudget


class PlotMissing(Exception):
    """The optional plotting library is not installed."""


def save_curve(path: Path, curve: Sequence[AtBudget], *, title: str) -> None:
    """Write the curve as SVG or PNG, by the path's ending. Raises PlotMissing without the extra `plot`."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotMissing("pictures need the optional extra `plot`") from None
    with mpl.rc_context(
        {"svg.hashsalt": "access-auditd", "svg.fonttype": "none", "font.family": "sans-serif"}
    ):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.add_subplot()
        days = [point.per_day for point in curve]
        axes.plot(days, [point.recall or 0 for point in curve], label="recall: cases caught, of all")
        axes.plot(
            days,
            [point.precision or 0 for point in curve],
            "--",
            label="precision: alerts that show misuse, of those looked at",
        )
        axes.set(xlabel="alerts looked at a day", xscale="log", ylim=(0, 1.02), title=title)
        axes.set_xticks([1, 2, 5, 10, 20, 50, 100], labels=["1", "2", "5", "10", "20", "50", "100"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
