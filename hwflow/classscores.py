# SPDX-License-Identifier: Apache-2.0
"""Figures of a classification, from its confusion matrix.

The paper has no figure but top-1 here (section 4.3.1). Precision and recall are those of one class against all others;
their means weigh every class alike, however many images it has. docs/metrics.md says more.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ClassScores:
    """`counts[true label][label found]`, square; the figures are fractions.

    A class that was never found has precision 0, one of which there was no image recall 0, as torchmetrics has it. One
    that neither occurs nor was found has no figures (None) and is left out of the means.
    """

    counts: tuple[tuple[int, ...], ...]

    @property
    def images(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def top1(self) -> float:
        """Share of the images with the right label; raises ZeroDivisionError if there are no images."""
        return sum(row[i] for i, row in enumerate(self.counts)) / self.images

    @property
    def class_precision(self) -> tuple[float | None, ...]:
        """Of the images taken for a class, the share that belongs to it."""
        return tuple(self._share(i, sum(row[i] for row in self.counts)) for i in range(len(self.counts)))

    @property
    def class_recall(self) -> tuple[float | None, ...]:
        """Of the images of a class, the share taken for it."""
        return tuple(self._share(i, sum(self.counts[i])) for i in range(len(self.counts)))

    @property
    def precision(self) -> float:
        """Mean over the classes."""
        return _mean(self.class_precision)

    @property
    def recall(self) -> float:
        """Mean over the classes."""
        return _mean(self.class_recall)

    def _share(self, label: int, whole: int) -> float | None:
        if whole:
            return self.counts[label][label] / whole
        occurs = any(self.counts[label]) or any(row[label] for row in self.counts)
        return 0.0 if occurs else None


def score_classes(found: Tensor, labels: Tensor, classes: int) -> ClassScores:
    """Scores of labels int64 [N], both below `classes`."""
    from torchmetrics.functional.classification import multiclass_confusion_matrix  # takes seconds to import

    counts = multiclass_confusion_matrix(found, labels, classes, validate_args=False)
    return ClassScores(tuple(tuple(row) for row in counts.tolist()))


def _mean(figures: tuple[float | None, ...]) -> float:
    known = [figure for figure in figures if figure is not None]
    return sum(known) / len(known)
