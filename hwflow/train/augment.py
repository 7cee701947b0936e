# SPDX-License-Identifier: Apache-2.0
"""Random changes to training images that leave their class as it is: a surface has no right way up."""

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT_PART = 1 / 16
"""Largest shift, in parts of the height and width; what comes in from outside is mirrored."""
GAIN = 0.2
OFFSET = 24.0
"""Largest change of brightness, in grey levels."""


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image turned, mirrored, shifted and relit at random; uint8 [N, C, H, W] to float [N, C, H, W], still whole
    0..255."""
    height, width = images.shape[-2:]
    pad_y, pad_x = int(height * SHIFT_PART), int(width * SHIFT_PART)
    padded = F.pad(images.float(), (pad_x, pad_x, pad_y, pad_y), mode="reflect")
    changed = []
    for image in padded:
        top, left = _draw(2 * pad_y + 1, generator), _draw(2 * pad_x + 1, generator)
        image = image[:, top : top + height, left : left + width]
        quarters = _draw(4, generator)
        # Only half turns keep the shape of an oblong image.
        image = torch.rot90(image, quarters if height == width else 2 * (quarters % 2), (1, 2))
        changed.append(image.flip(2) if _draw(2, generator) else image)
    return relight(torch.stack(changed), generator)


def relight(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Each image with another contrast and brightness at random; whole 0..255 as float before and after."""
    gain = 1 + GAIN * _uniform(len(batch), generator)
    offset = OFFSET * _uniform(len(batch), generator)
    return (batch * gain + offset).round().clamp(0, 255)


def _draw(options: int, generator: torch.Generator) -> int:
    return int(torch.randint(options, (), generator=generator))


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(count, generator=generator) - 1).view(-1, 1, 1, 1)
