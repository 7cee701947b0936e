# SPDX-License-Identifier: Apache-2.0
"""Figures of a classification against matrices by hand, and against torchmetrics' own."""

import pytest
import torch
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_precision, multiclass_recall

from hwflow.classscores import ClassScores, score_classes


def test_figures_by_hand() -> None:
    scores = score_classes(torch.tensor([0, 1, 1, 2, 2, 0]), torch.tensor([0, 0, 1, 2, 2, 2]), 3)
    assert scores.counts == ((1, 1, 0), (0, 1, 0), (1, 0, 2))  # [true][found]
    assert (scores.images, scores.top1) == (6, 4 / 6)
    assert scores.class_precision == (1 / 2, 1 / 2, 1)
    assert scores.class_recall == (1 / 2, 1, 2 / 3)
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx((1 / 2 + 1 + 2 / 3) / 3)


def test_every_class_weighs_alike() -> None:
    scores = ClassScores(((98, 0), (1, 1)))
    assert scores.top1 == 0.99
    assert scores.recall == 0.75
    assert scores.precision == pytest.approx((98 / 99 + 1) / 2)


def test_a_class_never_found() -> None:
    scores = ClassScores(((2, 0), (2, 0)))
    assert scores.class_precision == (1 / 2, 0)
    assert scores.class_recall == (1, 0)
    assert (scores.precision, scores.recall) == (1 / 4, 1 / 2)


def test_a_class_without_an_image() -> None:
    found_wrongly = ClassScores(((3, 1), (0, 0)))
    assert found_wrongly.class_precision == (1, 0)
    assert found_wrongly.class_recall == (3 / 4, 0)
    nowhere = ClassScores(((3, 1, 0), (0, 2, 0), (0, 0, 0)))
    assert nowhere.class_precision == (1, 2 / 3, None)
    assert nowhere.class_recall == (3 / 4, 1, None)
    assert nowhere.precision == pytest.approx((1 + 2 / 3) / 2)
    assert nowhere.recall == pytest.approx((3 / 4 + 1) / 2)


def test_all_right() -> None:
    labels = torch.tensor([0, 1, 2, 1])
    scores = score_classes(labels, labels, 3)
    assert scores.counts == ((1, 0, 0), (0, 2, 0), (0, 0, 1))
    assert [scores.top1, scores.precision, scores.recall] == [1, 1, 1]
    assert scores.class_precision == scores.class_recall == (1, 1, 1)


@pytest.mark.parametrize("classes", [4, 5])  # of the fifth there is no image
def test_figures_are_those_of_torchmetrics(classes: int) -> None:
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (60,), generator=draw)
    found = torch.where(torch.rand(60, generator=draw) < 0.3, torch.randint(3, (60,), generator=draw), labels)
    scores = score_classes(found, labels, classes)
    for ours, each, theirs in (
        (scores.precision, scores.class_precision, multiclass_precision),
        (scores.recall, scores.class_recall, multiclass_recall),
    ):
        assert ours == pytest.approx(float(theirs(found, labels, classes, average="macro")))
        by_class = theirs(found, labels, classes, average="none").tolist()
        assert [figure or 0.0 for figure in each] == pytest.approx(by_class)
    assert scores.top1 == pytest.approx(float(multiclass_accuracy(found, labels, classes, average="micro")))
