# SPDX-License-Identifier: Apache-2.0
"""A picture of confusion matrices as in the paper's figure 5: true classes across, predicted ones down, a cell's colour
and first number its share of the true class, below it the count."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hwflow.files import publish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS = 150  # an inch
CELL, SIDE = 0.95, 12.0  # inches, the side of a cell, and the longest of a matrix: many classes have smaller cells
CHARACTER = 0.078  # inches of width at 9 points, which is the size of class names
SLANT = 40  # degrees, of names that are wider than a cell
MARGIN, TOP, PANEL_TITLE, PANEL_GAP, AXIS_NAME, CAPTION = 0.2, 0.8, 0.55, 0.35, 0.32, 0.3
CAPTION_TEXT = "share and count; the shares of a column, a true class, add up to 100%"
INK, FAINT = "#1c1c1c", "#6b6b6b"
COLOURS = "Blues"
WHITE_INK_ABOVE = 0.55  # of a share: the colour is dark there


@dataclass(frozen=True)
class Panel:
    """One matrix: `counts[true class][class found]`, in the order of `classes`, from left to right and from the top."""

    title: str
    note: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def draw_confusion(panels: Sequence[Panel], title: str, note: str, out: Path) -> None:
    """Write the picture as PNG: `panels`, one at least and all of the same classes, side by side under `title`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = panels[0].classes
    cell = min(CELL, SIDE / len(names))
    side = cell * len(names)
    longest = CHARACTER * max(map(len, names))
    slanted = longest > 0.95 * cell
    left = MARGIN + AXIS_NAME + longest
    below = (longest * math.sin(math.radians(SLANT)) if slanted else 0.0) + 0.15 + AXIS_NAME + CAPTION
    # Room for the words above and below, which a single matrix of two classes is narrower than.
    words = 2 * MARGIN + CHARACTER * max(len(CAPTION_TEXT) * 8 / 9, len(note), len(title) * 14 / 9)
    width = max(left + len(panels) * (side + PANEL_GAP) - PANEL_GAP + MARGIN, words)
    above = TOP + (PANEL_TITLE if any(panel.title for panel in panels) else 0.0)
    height = above + side + below + MARGIN / 2
    figure = Figure(figsize=(width, height), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    at = MARGIN / width
    figure.text(at, 1 - 0.28 / height, title, fontsize=13, weight="bold", color=INK, va="center")
    figure.text(at, 1 - 0.55 / height, note, fontsize=9, color=FAINT, va="center")
    figure.text(at, MARGIN / height, CAPTION_TEXT, fontsize=8, color=FAINT, va="center")
    figure.text(
        (MARGIN + 0.08) / width,
        1 - (above + side / 2) / height,
        "predicted class",
        fontsize=9,
        color=INK,
        rotation=90,
        ha="center",
        va="center",
    )
    for number, panel in enumerate(panels):
        start = left + number * (side + PANEL_GAP)
        axes = figure.add_axes((start / width, 1 - (above + side) / height, side / width, side / height))
        _fill(axes, panel, cell)
        _name_classes(axes, names, slanted, number == 0)
        middle, beneath = (start + side / 2) / width, (MARGIN + CAPTION) / height
        figure.text(middle, beneath, "true class", fontsize=9, color=INK, ha="center", va="center")
        at, title_at, note_at = start / width, 1 - (above - 0.38) / height, 1 - (above - 0.16) / height
        figure.text(at, title_at, panel.title, fontsize=10, weight="bold", color=INK, va="center")
        figure.text(at, note_at, panel.note, fontsize=8, color=FAINT, va="center")
    publish(out, lambda beside: figure.savefig(beside, format="png"))


def spell_share(part: int, whole: int) -> str:
    """``80.9%``; ``0.01%`` and ``99.95%``, with two decimals, where one would say all or nothing, ``<0.01%`` and
    ``>99.99%`` where two would. `whole` is above 0."""
    share = part / whole
    if part in (0, whole):
        return f"{share:.0%}"
    if share < 0.00005:
        return "<0.01%"
    if share >= 0.99995:
        return ">99.99%"
    return f"{share:.1%}" if 0.0005 <= share < 0.9995 else f"{share:.2%}"


def _fill(axes: "Axes", panel: Panel, cell: float) -> None:
    """Colours and numbers; `cell` in inches."""
    counts = np.array(panel.counts, dtype=np.int64)
    wholes = counts.sum(1)
    shares = (counts / np.maximum(wholes, 1)[:, None]).T
    axes.imshow(shares, cmap=COLOURS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    size = min(1.0, cell / CELL)
    for true, row in enumerate(panel.counts):
        for found, count in enumerate(row):
            colour = "white" if shares[found, true] > WHITE_INK_ABOVE else INK if count else FAINT
            if not count:
                axes.text(true, found, "0", fontsize=9 * size, color=colour, ha="center", va="center")
                continue
            share = spell_share(count, int(wholes[true]))
            axes.text(true, found - 0.13, share, fontsize=11 * size, color=colour, ha="center", va="center")
            axes.text(true, found + 0.17, f"({count:,})", fontsize=8 * size, color=colour, ha="center", va="center")
    for edge in np.arange(1, len(panel.classes)) - 0.5:
        axes.axhline(edge, color="white", linewidth=1.5)
        axes.axvline(edge, color="white", linewidth=1.5)
    for spine in axes.spines.values():
        spine.set_color("#c8c8c8")


def _name_classes(axes: "Axes", names: Sequence[str], slanted: bool, down: bool) -> None:
    """Names below the columns, and beside the rows if `down`."""
    places = range(len(names))
    axes.tick_params(length=0, labelcolor=INK, labelsize=9, pad=5)
    if slanted:
        axes.set_xticks(places, names, rotation=SLANT, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(places, names)
    axes.set_yticks(places, names if down else [""] * len(names))
