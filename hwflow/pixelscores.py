# SPDX-License-Identifier: Apache-2.0
"""Figures of a segmentation (section 4.3.2 of the paper), from counts of pixels over all images together.

Positive is every label but 0, the background. torchmetrics counts; the figures are Python's quotients of its counts,
since torchmetrics divides in float32, which holds no count above 2^24: 335 images of 224x224 have more pixels.
docs/metrics.md says where each definition is from.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class PixelCounts:
    """Pixels by what they are and what was found; their figures are fractions.

    Where there is nothing to divide by: without any defect nothing was missed, so recall is 1 and FNR 0; without any
    background FPR is 0. Precision is 1 where nothing was found because there was nothing, and 0 where there was.
    """

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

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
        return _part(self.true_positive, self.true_positive + self.false_positive, float(self.false_negative == 0))

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
        """Mean absolute error: the mean difference of two maps of 0 and 1, the one found and the true one, so that it is
        1 - accuracy. The paper has no formula; table 4 fits this one."""
        return _part(self.false_positive + self.false_negative, self.pixels, 0.0)


FIGURES = ("dice", "accuracy", "precision", "recall", "fpr", "fnr", "mae")


def count_pixels(found: Tensor, labels: Tensor) -> PixelCounts:
    """Counts of two tensors of labels of one shape."""
    from torchmetrics.functional.classification import binary_confusion_matrix  # takes seconds to import

    counts = binary_confusion_matrix(found != 0, labels != 0, validate_args=False).flatten().tolist()
    true_negative, false_positive, false_negative, true_positive = counts
    return PixelCounts(true_positive, false_positive, false_negative, true_negative)


def _part(part: int, whole: int, empty: float) -> float:
    return part / whole if whole else empty
