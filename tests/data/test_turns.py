# SPDX-License-Identifier: Apache-2.0
"""Turns and flips: every one of the eight by hand, masks in step with images, and the eightfold training set."""

from pathlib import Path

import pytest
import torch

from hwflow.data.folder import ImageSet
from hwflow.data.turns import TURNS, eightfold, random_turns, turn

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


def _set(count: int, masks: bool = True) -> ImageSet:
    draw = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 3, 6, 6), dtype=torch.uint8, generator=draw)
    paths = tuple(Path(f"{i}.png") for i in range(count))
    # A mask that is a function of its image shows whether they stay together.
    drawn = (images[:, :1] > 127).to(torch.uint8) if masks else None
    return ImageSet(images, torch.arange(count) % 2, torch.arange(count), paths, ("a", "b"), drawn)


def test_every_turn_by_hand() -> None:
    image = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8).repeat(TURNS, 1, 1, 1)
    assert turn(image, torch.arange(TURNS)).flatten(1).tolist() == BY_HAND


def test_eightfold_keeps_labels_groups_and_masks_with_their_images() -> None:
    images = _set(5)
    larger = eightfold(images)
    assert len(larger) == 40 and larger.images.dtype == torch.uint8
    assert larger.masks is not None and torch.equal(larger.masks.bool(), larger.images[:, :1] > 127)
    assert torch.equal(larger.labels, images.labels.repeat_interleave(8))
    assert torch.equal(larger.groups, images.groups.repeat_interleave(8))
    assert larger.paths[16:24] == (images.paths[2],) * 8
    assert torch.equal(larger.images[::8], images.images)
    for i in range(5):
        of_image = {bytes(image.flatten().tolist()) for image in larger.images[8 * i : 8 * i + 8]}
        assert len(of_image) == 8
    assert eightfold(_set(2, masks=False)).masks is None


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
