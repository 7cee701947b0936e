# SPDX-License-Identifier: Apache-2.0
"""Running a network in PyTorch on uint8 images: what hardware is compared with is this, in eval mode and float64."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from hwflow.cli.progress import Tick

BATCH = 128
PIXELS = BATCH * 64 * 64
"""Pixels that go through a network at once where its maps keep their size, as those of a segmentation do."""


def to_input(pixels: Tensor) -> Tensor:
    """Pixels 0..255 as networks take them: divided by 256, in float32, which is exact."""
    return pixels.float() / 256


@torch.no_grad()
def logits(network: nn.Module, images: Tensor, tick: Tick | None = None) -> Tensor:
    """Logits [N, classes] of uint8 images [N, C, H, W], in the network's own precision and mode, and on its
    device; `tick` counts images."""
    return torch.cat(list(_batches(network, images, BATCH, tick)))


def image_labels(network: nn.Module, images: Tensor, tick: Tick | None = None) -> Tensor:
    """Labels int64 [N] of uint8 images [N, C, H, W], by the largest of the `logits`; of equal ones the lowest label wins."""
    return logits(network, images, tick).argmax(1)


@torch.no_grad()
def pixel_labels(network: nn.Module, images: Tensor, tick: Tick | None = None) -> Tensor:
    """Labels int64 [N, H, W] of uint8 images [N, C, H, W], by the largest of the logits [N, classes, H, W]; of equal
    logits the lowest label wins. Otherwise as `logits`."""
    size = max(1, PIXELS // (images.shape[-2] * images.shape[-1]))
    return torch.cat([found.argmax(1) for found in _batches(network, images, size, tick)])


def _batches(network: nn.Module, images: Tensor, size: int, tick: Tick | None) -> Iterator[Tensor]:
    own = next(network.parameters())
    for start in range(0, len(images), size):
        yield network(to_input(images[start : start + size]).to(own)).cpu()
        if tick is not None:
            tick(min(start + size, len(images)), len(images))
