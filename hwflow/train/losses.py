# SPDX-License-Identifier: Apache-2.0
"""Losses of networks that label pixels: logits [N, K, H, W] against labels int64 [N, H, W], 0 for the background."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hwflow.recipe import Loss

SMOOTH = 1.0
"""Pixels added above and below in the Tversky index, so that a batch without a defect has one."""


def pixel_loss(logits: Tensor, labels: Tensor, loss: Loss) -> Tensor:
    """The weighted sum that `loss` asks for, a scalar."""
    total = logits.new_zeros(())
    if loss.cross_entropy:
        total = total + loss.cross_entropy * F.cross_entropy(logits, labels)
    if loss.tversky:
        total = total + loss.tversky * tversky_loss(logits, labels, loss.alpha, loss.beta)
    return total


def tversky_loss(logits: Tensor, labels: Tensor, alpha: float, beta: float) -> Tensor:
    """1 - (TP + s) / (TP + alpha FP + beta FN + s), a scalar; s is SMOOTH.

    TP, FP and FN are sums of softmax probabilities over all pixels of the batch, and the loss is the mean over all
    classes but the background. With alpha = beta = 0.5 it is the Dice loss. Salehi, Erdogmus and Gholipour, "Tversky
    loss function for image segmentation using 3D fully convolutional deep networks", 2017.
    """
    found = torch.softmax(logits, 1)[:, 1:]
    wanted = F.one_hot(labels, logits.shape[1]).movedim(-1, 1)[:, 1:].to(found.dtype)
    pixels = (0, 2, 3)
    true = (found * wanted).sum(pixels)
    false_positive = found.sum(pixels) - true
    false_negative = wanted.sum(pixels) - true
    index = (true + SMOOTH) / (true + alpha * false_positive + beta * false_negative + SMOOTH)
    return 1 - index.mean()
