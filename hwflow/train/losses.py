# SPDX-License-Identifier: Apache-2.0
"""Losses of networks that label images, with logits [N, K], or pixels, with logits [N, K, H, W], 0 for the background."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hwflow.recipe import Loss

SMOOTH = 1.0
"""Images or pixels added above and below in the Tversky index, so that a batch without a defect has one."""


def weighted_loss(logits: Tensor, labels: Tensor, loss: Loss) -> Tensor:
    """The weighted sum that `loss` asks for, a scalar; labels int64 [N] or [N, H, W]."""
    total = logits.new_zeros(())
    if loss.cross_entropy:
        total = total + loss.cross_entropy * F.cross_entropy(logits, labels)
    if loss.tversky:
        total = total + loss.tversky * tversky_loss(logits, labels, loss.alpha, loss.beta)
    return total


def tversky_loss(logits: Tensor, labels: Tensor, alpha: float, beta: float) -> Tensor:
    """1 - (TP + s) / (TP + alpha FP + beta FN + s), a scalar; s is SMOOTH.

    TP, FP and FN are sums of softmax probabilities over all images or pixels of the batch, and the loss is the mean over
    all classes, of pixels but the background. With alpha = beta = 0.5 it is the Dice loss. Salehi, Erdogmus and
    Gholipour, "Tversky loss function for image segmentation using 3D fully convolutional deep networks", 2017.
    """
    first = 1 if logits.dim() > 2 else 0
    found = torch.softmax(logits, 1)[:, first:]
    wanted = F.one_hot(labels, logits.shape[1]).movedim(-1, 1)[:, first:].to(found.dtype)
    others = [axis for axis in range(found.dim()) if axis != 1]
    true = (found * wanted).sum(others)
    false_positive = found.sum(others) - true
    false_negative = wanted.sum(others) - true
    index = (true + SMOOTH) / (true + alpha * false_positive + beta * false_negative + SMOOTH)
    return 1 - index.mean()
