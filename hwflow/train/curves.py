# SPDX-License-Identifier: Apache-2.0
"""The learning curves of a run as a picture: loss, scores and learning rate by epoch, stage behind stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwflow.files import publish
from hwflow.train.checkpoint import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (8.0, 6.4)
DOTS = 120
INK, FAINT = "#1c1c1c", "#6b6b6b"
BLUE, ORANGE, GREY = "#2563a8", "#d9730d", "#8a8a8a"


def draw_curves(rows: Sequence[Row], measure: str, title: str, out: Path) -> None:
    """Write the picture of `rows` (at least one) as PNG; `measure` is what their scores are, and 1 is best."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    scores, loss, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 1))
    epochs = list(range(1, len(rows) + 1))
    # A point alone makes no line.
    mark = "o" if len(rows) == 1 else ""
    scores.plot(epochs, [row.train_score for row in rows], mark + "-", color=GREY, linewidth=1.2, label="training")
    scores.plot(
        epochs, [row.validation_score for row in rows], mark + "-", color=BLUE, linewidth=1.6, label="validation"
    )
    last = [index for index, row in enumerate(rows) if row.stage == rows[-1].stage]
    best = max(last, key=lambda index: (rows[index].validation_score, index))
    words = f"best: {rows[best].validation_score:.1%} in epoch {rows[best].epoch}"
    scores.plot(epochs[best], rows[best].validation_score, "o", color=ORANGE, markersize=6, label=words)
    scores.set_ylabel(measure)
    scores.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    scores.legend(frameon=False, fontsize=9, loc="lower right")
    loss.plot(epochs, [row.loss for row in rows], mark + "-", color=INK, linewidth=1.4)
    loss.set_ylabel("loss")
    loss.set_ylim(bottom=min(0.0, min(row.loss for row in rows)))
    rate.plot(epochs, [row.learning_rate for row in rows], mark + "-", color=GREY, linewidth=1.4)
    rate.set_ylabel("learning rate")
    rate.set_ylim(bottom=0)
    rate.set_xlabel("epoch")
    for axes in (scores, loss, rate):
        _dress(axes, rows)
    scores.set_title(title, loc="left", fontsize=12, weight="bold", color=INK, pad=18)
    for stage, first in _stages(rows).items():
        scores.annotate(
            stage,
            (first - 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=9,
            color=FAINT,
        )
    publish(out, lambda beside: figure.savefig(beside, format="png"))


def _dress(axes: "Axes", rows: Sequence[Row]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.tick_params(colors=FAINT, labelsize=9)
    axes.set_xlim(0.5, len(rows) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for first in list(_stages(rows).values())[1:]:
        axes.axvline(first - 0.5, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))


def _stages(rows: Sequence[Row]) -> dict[str, int]:
    """The epoch, counted over all, with which each stage begins."""
    first: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        first.setdefault(row.stage, number)
    return first
