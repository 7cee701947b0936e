# SPDX-License-Identifier: Apache-2.0
"""Figures of a segmentation against counts by hand, against torchmetrics' own, and against the paper."""

import pytest
import torch
from torchmetrics.functional import mean_absolute_error
from torchmetrics.functional.classification import (
    binary_accuracy,
    binary_f1_score,
    binary_precision,
    binary_recall,
    binary_specificity,
)

from hwflow.pixelscores import FIGURES, PixelCounts, count_pixels


def figures(*counts: int) -> list[float]:
    return [getattr(PixelCounts(*counts), name) for name in FIGURES]


def test_figures_by_hand() -> None:
    labels = torch.tensor([[[1, 1, 1, 1], [0, 0, 0, 0]]])
    found = torch.tensor([[[1, 1, 1, 0], [1, 1, 0, 0]]])
    counts = count_pixels(found, labels.to(torch.uint8))
    assert counts == PixelCounts(true_positive=3, false_positive=2, false_negative=1, true_negative=2)
    expected = {"dice": 6 / 9, "accuracy": 5 / 8, "precision": 3 / 5, "recall": 3 / 4}
    expected |= {"fpr": 2 / 4, "fnr": 1 / 4, "mae": 3 / 8}
    assert {name: getattr(counts, name) for name in FIGURES} == pytest.approx(expected)


def test_any_defect_counts_as_one() -> None:
    assert count_pixels(torch.tensor([2, 1]), torch.tensor([1, 0])) == PixelCounts(1, 1, 0, 0)


def test_images_are_pooled() -> None:
    """Two images with Dice 0.4 and 10/11: pooled it is 12/16, and no mean of the two."""
    labels = torch.tensor([[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0, 0]])
    found = torch.tensor([[1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 0, 0]])
    counts = count_pixels(found, labels)
    assert counts == PixelCounts(6, 1, 3, 6)
    assert counts.dice == 12 / 16


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param((0, 0, 0, 9), [1, 1, 1, 1, 0, 0, 0], id="no defect, none found"),
        pytest.param((0, 3, 0, 9), [0, 3 / 4, 0, 1, 1 / 4, 0, 1 / 4], id="no defect, but found some"),
        pytest.param((0, 0, 3, 9), [0, 3 / 4, 0, 0, 0, 1, 1 / 4], id="defects, none found"),
        pytest.param((4, 0, 0, 0), [1, 1, 1, 1, 0, 0, 0], id="nothing but defects, all found"),
        pytest.param((4, 0, 0, 5), [1, 1, 1, 1, 0, 0, 0], id="all right"),
        pytest.param((0, 5, 4, 0), [0, 0, 0, 0, 1, 1, 1], id="all wrong"),
        pytest.param((0, 0, 0, 0), [1, 1, 1, 1, 0, 0, 0], id="no pixel"),
    ],
)
def test_where_there_is_nothing_to_divide_by(counts: tuple[int, ...], expected: list[float]) -> None:
    assert figures(*counts) == expected


# Figure 5, from the upper left: defects found, false ones, defects missed, background; table 3, bits 1/32: precision
# and recall in percent.
PAPER = {
    "blowhole": ((1668, 134, 393, 1_202_029), (92.6, 80.9)),
    "break": ((19_096, 907, 4522, 828_467), (95.5, 80.9)),
    "crack": ((2490, 274, 1065, 598_283), (90.1, 70.0)),
    "fray": ((35_482, 1204, 8506, 255_864), (96.7, 80.7)),
    "uneven": ((42_543, 11_741, 14_890, 432_586), (78.4, 74.1)),
}


@pytest.mark.parametrize("defect", PAPER)
def test_the_matrices_of_figure_5_give_table_3(defect: str) -> None:
    cells, (precision, recall) = PAPER[defect]
    counts = PixelCounts(*cells)
    assert (round(100 * counts.precision, 1), round(100 * counts.recall, 1)) == (precision, recall)
    assert counts.fnr == pytest.approx(1 - counts.recall)
    assert counts.mae == pytest.approx(1 - counts.accuracy)


# Table 4, all methods with both figures; of U-BiNet with 2 bits the two are rounded apart.
@pytest.mark.parametrize(("accuracy", "mae"), [(953, 47), (945, 55), (944, 56), (942, 58), (941, 60)])
def test_mae_of_table_4_is_the_share_of_wrong_pixels(accuracy: int, mae: int) -> None:
    counts = PixelCounts(accuracy, 0, 1000 - accuracy, 0)
    assert counts.mae == pytest.approx(mae / 1000, abs=0.0011)


def test_figures_are_those_of_torchmetrics() -> None:
    draw = torch.Generator().manual_seed(0)
    labels = (torch.rand(4, 16, 16, generator=draw) < 0.2).to(torch.int64)
    found = torch.where(torch.rand(4, 16, 16, generator=draw) < 0.1, 1 - labels, labels)
    counts = count_pixels(found, labels)
    theirs = {
        "dice": binary_f1_score(found, labels),
        "accuracy": binary_accuracy(found, labels),
        "precision": binary_precision(found, labels),
        "recall": binary_recall(found, labels),
        "fpr": 1 - binary_specificity(found, labels),
        "fnr": 1 - binary_recall(found, labels),
        "mae": mean_absolute_error(found.float(), labels.float()),
    }
    assert {name: getattr(counts, name) for name in FIGURES} == pytest.approx({k: float(v) for k, v in theirs.items()})


def test_counts_stay_exact_where_float32_does_not() -> None:
    counts = PixelCounts(1, 0, 0, 2**24)
    assert counts.pixels == 2**24 + 1
    assert counts.accuracy == 1.0
    assert PixelCounts(2**24 + 1, 2**24, 0, 0).precision != 0.5
