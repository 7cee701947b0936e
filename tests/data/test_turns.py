# SPDX-License-Identifier: Apache-2.0
"""Turns and flips: every one of the eight by hand, and masks in step with images."""

import pytest
import torch

from hwflow.data.turns import TURNS, random_turns, turn

# 1 2   counterclockwise by 0 to 3 quarters, then the same mirrored left to right
# 3 4
BY_HAND = [
    [1, 2, 3, 4],
    [2, 4, 1, 3],
    [4, 3, 2, 1],
    [3, 1, 4, 2],
    [2, 1, 4, 3],
    [4, 2, 3, 1],
    [3, 4, 1, 2],
    [1, 3, 2, 4],
]


def test_every_turn_by_hand() -> None:
    image = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8).repeat(TURNS, 1, 1, 1)
    assert turn(image, torch.arange(TURNS)).flatten(1).tolist() == BY_HAND


def test_random_turns_are_equally_likely_and_move_masks_along() -> None:
    image = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8).repeat(4000, 1, 1, 1)
    images, masks = random_turns(image, image.clone(), torch.Generator().manual_seed(0))
    assert torch.equal(images, masks)
    counts = [sum(row == by_hand for row in images.flatten(1).tolist()) for by_hand in BY_HAND]
    assert sum(counts) == 4000
    assert all(abs(count - 500) < 100 for count in counts)  # over four standard deviations of the binomial


def test_oblong_images_take_half_turns_only() -> None:
    images = torch.arange(6, dtype=torch.uint8).view(1, 1, 2, 3).repeat(200, 1, 1, 1)
    changed, _ = random_turns(images, images, torch.Generator().manual_seed(0))
    assert len({tuple(row) for row in changed.flatten(1).tolist()}) == 4
    with pytest.raises(ValueError, match=r"3x2 pixels keep their shape in half turns only"):
        turn(images, torch.ones(200, dtype=torch.int64))
    with pytest.raises(ValueError, match="numbered 0 to 7"):
        turn(images, torch.full((200,), 8))
