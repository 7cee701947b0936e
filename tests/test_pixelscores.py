# SPDX-License-Identifier: Apache-2.0
"""Figures of a segmentation against counts by hand."""

import pytest
import torch

from hwflow.pixelscores import FIGURES, NOTHING, PixelCounts, count_pixels


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
    one, other = PixelCounts(1, 0, 3, 0), PixelCounts(5, 1, 0, 2)
    assert one + other == PixelCounts(6, 1, 3, 2)
    assert (one + other).dice == 12 / 16


def test_nothing_to_find_and_nothing_found() -> None:
    clean = PixelCounts(0, 0, 0, 9)
    for counts in (clean, NOTHING):
        assert [getattr(counts, name) for name in FIGURES] == [1, 1, 1, 1, 0, 0, 0]
