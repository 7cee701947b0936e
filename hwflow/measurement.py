# SPDX-License-Identifier: Apache-2.0
"""What labels found are worth on a set of images: figures for JSON, a text for the terminal, panels for a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from hwflow.agreement import Agreement
from hwflow.classscores import ClassScores, score_classes
from hwflow.confusion import Panel
from hwflow.data.folder import ImageSet
from hwflow.pixelscores import FIGURES, PixelCounts, count_pixels


@dataclass(frozen=True)
class Measurement:
    """`figures` by their JSON keys, fractions; `leading` is the one to compare by. `text` ends with a newline."""

    figures: dict[str, Any]
    leading: str
    text: str
    note: str
    panels: tuple[Panel, ...]

    @property
    def scalars(self) -> dict[str, float]:
        """The figures that are one number."""
        return {name: figure for name, figure in self.figures.items() if isinstance(figure, float)}


def measure(images: ImageSet, found: Tensor, classes: Sequence[str]) -> Measurement:
    """Measure labels `found`, int64: [N, H, W] if the images have masks, else [N]. `classes` are the network's."""
    if images.masks is None:
        return _of_images(score_classes(found, images.labels, len(classes)), classes)
    masks = images.masks[:, 0]
    parts = {}
    if len(images.classes) > 1:  # as in figure 5, a matrix for each defect
        members = [(name, images.labels == label) for label, name in enumerate(images.classes)]
        parts = {name: count_pixels(found[of], masks[of]) for name, of in members if of.any()}
    return _of_pixels(count_pixels(found, masks), parts, len(images))


def compared(engine: str, own: Measurement, reference: str, other: Measurement, agreement: Agreement) -> str:
    """Lines of text: the leading figure of both engines, and how many of the labels differ."""
    name = own.leading
    where = f" pixels, in {len(agreement.images)} images" if own.leading == "dice" else ""
    return (
        f"{name}: {engine} {own.figures[name]:.4f}, {reference} {other.figures[name]:.4f}\n"
        f"differing predictions: {agreement.differing} of {agreement.labels}{where}\n"
    )


def _of_images(scores: ClassScores, classes: Sequence[str]) -> Measurement:
    figures = {
        "top1": scores.top1,
        "precision": scores.precision,
        "recall": scores.recall,
        "classes": list(classes),
        "class_precision": list(scores.class_precision),
        "class_recall": list(scores.class_recall),
        "confusion": [list(row) for row in scores.counts],
    }
    text = f"top-1 {scores.top1:.2%} of {scores.images} images\n{_table(scores, classes)}"
    note = f"top-1 {scores.top1:.2%}, mean precision {scores.precision:.2%}, mean recall {scores.recall:.2%}"
    return Measurement(figures, "top1", text, note, (Panel("", "", tuple(classes), scores.counts),))


def _of_pixels(counts: PixelCounts, parts: dict[str, PixelCounts], images: int) -> Measurement:
    figures = {name: getattr(counts, name) for name in FIGURES}
    text = "".join([f"{images} images\n", *(f"{name:>9} {figure:.4f}\n" for name, figure in figures.items())])
    panels = [_panel("all" if parts else "", counts), *(_panel(name, part) for name, part in parts.items())]
    return Measurement(figures, "dice", text, f"Dice {counts.dice:.4f}, {_precision_recall(counts)}", tuple(panels))


def _panel(title: str, counts: PixelCounts) -> Panel:
    """The defects first, as figure 5 has it; its precision and recall stand above it if it has a title and defects."""
    defect = (counts.true_positive, counts.false_negative)
    background = (counts.false_positive, counts.true_negative)
    note = (_precision_recall(counts) if any(defect) else "without a defect") if title else ""
    return Panel(title, note, ("defect", "background"), (defect, background))


def _precision_recall(counts: PixelCounts) -> str:
    return f"precision {counts.precision:.1%}, recall {counts.recall:.1%}"


def _table(scores: ClassScores, classes: Sequence[str]) -> str:
    """One row a true class, one column a class found, by its number; behind them precision and recall of the row's
    class, in the last row their means."""
    numbers = [str(number) for number in range(1, len(classes) + 1)]
    rows = [["true class", *numbers, "precision", "recall"]]
    figures = zip(numbers, classes, scores.counts, scores.class_precision, scores.class_recall, strict=True)
    for number, name, counts, precision, recall in figures:
        rows.append([f"{number} {name}", *map(str, counts), _percent(precision), _percent(recall)])
    rows.append(["mean", *("" for _ in numbers), _percent(scores.precision), _percent(scores.recall)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
    return "".join("  ".join(row) + "\n" for row in padded)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
