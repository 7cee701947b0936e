# SPDX-License-Identifier: Apache-2.0
"""Running a network in PyTorch on uint8 images: what hardware is compared with is this, in eval mode and float64."""

import torch
from torch import Tensor, nn

from hwflow.cli.progress import Tick

BATCH = 128


def to_input(pixels: Tensor) -> Tensor:
    """Pixels 0..255 as networks take them: divided by 256, in float32, which is exact."""
    return pixels.float() / 256


@torch.no_grad()
def logits(network: nn.Module, images: Tensor, tick: Tick | None = None) -> Tensor:
    """Logits [N, classes] of uint8 images [N, C, H, W], in the network's own precision and mode; `tick` counts
    images."""
    dtype = next(network.parameters()).dtype
    found = []
    for start in range(0, len(images), BATCH):
        found.append(network(to_input(images[start : start + BATCH]).to(dtype)))
        if tick is not None:
            tick(min(start + BATCH, len(images)), len(images))
    return torch.cat(found)
