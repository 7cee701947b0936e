# SPDX-License-Identifier: Apache-2.0
"""Changes to training images that leave their class as it is: a surface has no right way up."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hwflow.data.turns import turn
from hwflow.recipe import Augment


def augment(images: Tensor, turns: Tensor | None, settings: Augment, generator: torch.Generator) -> Tensor:
    """Each image shifted, turned, flipped and relit as `settings` allow; uint8 [N, C, H, W] to float [N, C, H, W], still
    whole 0..255.

    `turns` int64 [N] are the numbers of turns (`hwflow.data.turns`) where all are gone through, else None. What a shift
    brings in from outside is mirrored.
    """
    height, width = images.shape[-2:]
    pad_y, pad_x = int(height * settings.shift), int(width * settings.shift)
    if turns is not None:
        images = turn(images, turns)
    padded = F.pad(images.float(), (pad_x, pad_x, pad_y, pad_y), mode="reflect") if pad_x or pad_y else images.float()
    changed = []
    for image in padded:
        if settings.shift:
            top, left = _draw(2 * pad_y + 1, generator), _draw(2 * pad_x + 1, generator)
            image = image[:, top : top + height, left : left + width]
        if settings.turns == "random":
            quarters = _draw(4, generator)
            # Only half turns keep the shape of an oblong image.
            image = torch.rot90(image, quarters if height == width else 2 * (quarters % 2), (1, 2))
            image = image.flip(2) if _draw(2, generator) else image
        changed.append(image)
    return relight(torch.stack(changed), settings, generator)


def relight(batch: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Each image with another contrast and brightness at random; whole 0..255 as float before and after."""
    if not settings.gain and not settings.offset:
        return batch
    gain = 1 + settings.gain * _uniform(len(batch), generator)
    offset = settings.offset * _uniform(len(batch), generator)
    return (batch * gain + offset).round().clamp(0, 255)


def _draw(options: int, generator: torch.Generator) -> int:
    return int(torch.randint(options, (), generator=generator))


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(count, generator=generator) - 1).view(-1, 1, 1, 1)
