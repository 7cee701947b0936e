# SPDX-License-Identifier: Apache-2.0
"""The paper's augmentations: quarter turns and a horizontal flip, of images and masks together.

Section 4.1 makes the training set of Magnetic Tile eight times as large with all of them; section 4.2 turns NEU patches by
a random quarter and flips one in two (`random_turns`). For the classification of NEU the paper
names none. Turns move pixels and change none, so masks stay exact.
"""

import torch
from torch import Tensor

TURNS = 8
"""Turn k is a counterclockwise turn by (k mod 4) quarters, flipped left to right after it for k >= 4."""


def turn(images: Tensor, turns: Tensor) -> Tensor:
    """Image i of [N, C, H, W] changed by turn number `turns`[i] (0..7, see `TURNS`); the type stays.

    Raises ValueError for oblong images where a turn would swap height and width, and for a number out of range.
    """
    if turns.numel() and not (int(turns.min()) >= 0 and int(turns.max()) < TURNS):
        raise ValueError(f"turns are numbered 0 to {TURNS - 1}")
    if images.shape[-1] != images.shape[-2] and bool((turns % 2).any()):
        raise ValueError(f"images of {images.shape[-1]}x{images.shape[-2]} pixels keep their shape in half turns only")
    changed = torch.empty_like(images)
    for number in sorted(set(turns.tolist())):
        which = turns == number
        turned = torch.rot90(images[which], number % 4, (-2, -1))
        changed[which] = turned.flip(-1) if number >= TURNS // 2 else turned
    return changed


def random_turns(images: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each image [N, C, H, W], and its mask [N, 1, H, W] with it, in one of the eight turns, all equally likely.

    Oblong images take the four that keep their shape.
    """
    turns = torch.randint(TURNS, (len(images),), generator=generator)
    if images.shape[-1] != images.shape[-2]:
        turns = turns // 2 * 2
    return turn(images, turns), turn(masks, turns)
