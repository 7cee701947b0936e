# SPDX-License-Identifier: Apache-2.0
"""Losses against cases worked out by hand."""

import math

import pytest
import torch
from pydantic import ValidationError

from hwflow.recipe import Loss
from hwflow.train.losses import tversky_loss, weighted_loss

# Two pixels: probability of a defect 3/4 and 1/4, of which the first is one.
LOGITS = torch.tensor([[[[0.0, math.log(3)]], [[math.log(3), 0.0]]]])
LABELS = torch.tensor([[[1, 0]]])


@pytest.mark.parametrize(
    ("alpha", "beta", "index"),
    [
        # TP = 3/4, FP = FN = 1/4, one pixel of smoothing
        (0.5, 0.5, (0.75 + 1) / (0.75 + 0.25 + 1)),
        (0.3, 0.7, (0.75 + 1) / (0.75 + 0.25 + 1)),
        (1.0, 1.0, (0.75 + 1) / (0.75 + 0.5 + 1)),
        (2.0, 0.0, (0.75 + 1) / (0.75 + 0.5 + 1)),
    ],
)
def test_tversky(alpha: float, beta: float, index: float) -> None:
    assert float(tversky_loss(LOGITS, LABELS, alpha, beta)) == pytest.approx(1 - index)


def test_alpha_weighs_false_positives_and_beta_false_negatives() -> None:
    none_wanted = torch.tensor([[[0, 0]]])  # TP = 0, FP = 1, FN = 0
    assert float(tversky_loss(LOGITS, none_wanted, 0.3, 0.7)) == pytest.approx(1 - 1 / (0.3 + 1))
    all_wanted = torch.tensor([[[1, 1]]])  # TP = 1, FP = 0, FN = 1
    assert float(tversky_loss(LOGITS, all_wanted, 0.3, 0.7)) == pytest.approx(1 - (1 + 1) / (1 + 0.7 + 1))


def test_classes_but_the_background_are_averaged() -> None:
    logits = torch.zeros(1, 3, 1, 2)  # a third each
    labels = torch.tensor([[[1, 1]]])
    first = (2 / 3 + 1) / (2 / 3 + 0.7 * 4 / 3 + 1)  # TP = 2/3, FN = 4/3
    second = 1 / (0.3 * 2 / 3 + 1)  # FP = 2/3
    assert float(tversky_loss(logits, labels, 0.3, 0.7)) == pytest.approx(1 - (first + second) / 2)


def test_labels_of_images_have_no_background() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0]])  # the right one has 3/4 twice
    index = (0.75 + 1) / (0.75 + 0.3 / 4 + 0.7 / 4 + 1)  # of either class
    assert float(tversky_loss(logits, torch.tensor([1, 0]), 0.3, 0.7)) == pytest.approx(1 - index)


def test_a_sure_and_right_network_has_no_loss() -> None:
    sure = torch.tensor([[[[-50.0, 50.0]], [[50.0, -50.0]]]])
    for loss in (Loss(cross_entropy=1), Loss(tversky=1)):
        assert float(weighted_loss(sure, LABELS, loss)) == pytest.approx(0, abs=1e-6)


def test_the_weighted_sum() -> None:
    entropy = -math.log(0.75)
    tversky = 1 - 1.75 / 2
    assert float(weighted_loss(LOGITS, LABELS, Loss(cross_entropy=2))) == pytest.approx(2 * entropy)
    both = Loss(cross_entropy=2, tversky=3, alpha=0.5, beta=0.5)
    assert float(weighted_loss(LOGITS, LABELS, both)) == pytest.approx(2 * entropy + 3 * tversky)


def test_the_gradient_lifts_what_is_wanted() -> None:
    logits = torch.zeros(1, 2, 1, 2, requires_grad=True)
    tversky_loss(logits, LABELS, 0.3, 0.7).backward()
    slope = logits.grad[0, 1, 0]  # type: ignore[index]
    assert slope[0] < 0 < slope[1]


def test_a_loss_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="one of cross_entropy and tversky must be above 0"):
        Loss()
    with pytest.raises(ValidationError, match="one of alpha and beta must be above 0"):
        Loss(tversky=1, alpha=0, beta=0)
