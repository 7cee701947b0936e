# SPDX-License-Identifier: Apache-2.0
"""Figures of a segmentation (section 4.3.2 of the paper), from counts of pixels over all images together.

Positive is every label but 0, the background.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PixelCounts:
    """Pixels by what they are and what was found; their figures are fractions.

    Where there is nothing to divide by, nothing was missed: such a Dice, precision or recall is 1, such a rate 0.
    """

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    def __add__(self, other: "PixelCounts") -> "PixelCounts":
        return PixelCounts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.true_negative + other.true_negative,
        )

    @property
    def pixels(self) -> int:
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def dice(self) -> float:
        twice = 2 * self.true_positive
        return _part(twice, twice + self.false_positive + self.false_negative, 1.0)

    @property
    def accuracy(self) -> float:
        return _part(self.true_positive + self.true_negative, self.pixels, 1.0)

    @property
    def precision(self) -> float:
        return _part(self.true_positive, self.true_positive + self.false_positive, 1.0)

    @property
    def recall(self) -> float:
        return _part(self.true_positive, self.true_positive + self.false_negative, 1.0)

    @property
    def fpr(self) -> float:
        """Share of the background that was taken for a defect."""
        return _part(self.false_positive, self.false_positive + self.true_negative, 0.0)

    @property
    def fnr(self) -> float:
        """Share of the defects that was taken for background."""
        return _part(self.false_negative, self.false_negative + self.true_positive, 0.0)

    @property
    def mae(self) -> float:
        """Mean difference of the maps of 0 and 1, found and true."""
        return _part(self.false_positive + self.false_negative, self.pixels, 0.0)


NOTHING = PixelCounts(0, 0, 0, 0)
FIGURES = ("dice", "accuracy", "precision", "recall", "fpr", "fnr", "mae")


def count_pixels(found: Tensor, labels: Tensor) -> PixelCounts:
    """Counts of two tensors of labels of one shape."""
    code = 2 * (labels != 0).to(torch.int64) + (found != 0).to(torch.int64)
    true_negative, false_positive, false_negative, true_positive = torch.bincount(code.flatten(), minlength=4).tolist()
    return PixelCounts(true_positive, false_positive, false_negative, true_negative)


def _part(part: int, whole: int, empty: float) -> float:
    return part / whole if whole else empty
