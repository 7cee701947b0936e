# SPDX-License-Identifier: Apache-2.0
"""Training, validation and test parts of an image set."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from hwflow.data.folder import ImageSet
from hwflow.errors import UserError

VALIDATION_TENTHS = 1
TEST_TENTHS = 2
PAPER_SEEDS = (0, 1, 2, 3, 4)
"""The paper averages over five random splits (section 4.1); it does not say which."""
ALL: Mapping[str, int] = MappingProxyType({})
"""Of no class a limited number."""

Protocol = Literal["file", "group"]
"""file: the paper's, every image by itself. group: what shows the same thing stays on one side."""


@dataclass(frozen=True)
class Split:
    """Indices of the images of each part, ascending."""

    train: Tensor
    validation: Tensor
    test: Tensor


def split(images: ImageSet, seed: int, protocol: Protocol = "group", at_most: Mapping[str, int] = ALL) -> Split:
    """7 : 1 : 2 at random by `seed`, in every class.

    With protocol "group" the images of a group stay together. A group counts to the rarest class in it, and rare
    classes choose first. The shares of a class can only be as exact as its groups are small; a part that would get none
    of a class takes its smallest group from the training part, as long as that keeps one. A class of one group goes to
    the training part.

    Of a class in `at_most` so many images are drawn by `seed`, and the rest is in no part: with 80 of MT_Free these are
    the paper's 472 images of Magnetic Tile, of whose authors' 952 free tiles it takes 80.

    Raises UserError if a part is left without any image, or `at_most` names a class that is not there.
    """
    kept = _choose(images, seed, at_most)
    groups = images.groups[kept] if protocol == "group" else kept
    parts = _assign(images.labels[kept].tolist(), groups.tolist(), seed)
    for name, indices in parts.items():
        if not indices:
            raise UserError(
                f"{images.place}: a 7:1:2 split of its {len(kept)} images leaves none for the {name} part; "
                "add images: some class needs 10 or more"
            )
    ordered = (torch.tensor(sorted(parts[name]), dtype=torch.int64) for name in ("train", "validation", "test"))
    return Split(*(kept[indices] for indices in ordered))


def _choose(images: ImageSet, seed: int, at_most: Mapping[str, int]) -> Tensor:
    """Indices of the images that a split is made of, ascending."""
    keep = torch.ones(len(images), dtype=torch.bool)
    for name, count in at_most.items():
        if name not in images.classes:
            raise UserError(f"{images.place}: no class {name} to choose {count} images of")
        members = (images.labels == images.classes.index(name)).nonzero().flatten()
        order = torch.randperm(len(members), generator=torch.Generator().manual_seed(seed))
        keep[members[order[count:]]] = False
    return keep.nonzero().flatten()


def _assign(labels: list[int], group_of: list[int], seed: int) -> dict[str, list[int]]:
    """Indices of the images of each part, by group."""
    members: dict[int, list[int]] = {}
    for index, number in enumerate(group_of):
        members.setdefault(number, []).append(index)
    sizes = Counter(labels)
    rarity = {label: (size, label) for label, size in sizes.items()}
    by_class: dict[int, list[list[int]]] = {}
    for group in members.values():
        by_class.setdefault(min((labels[i] for i in group), key=rarity.__getitem__), []).append(group)
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label in sorted(by_class, key=rarity.__getitem__):
        candidates = by_class[label]
        order = torch.randperm(len(candidates), generator=torch.Generator().manual_seed(seed * 1009 + label)).tolist()
        share = {"test": sizes[label] * TEST_TENTHS // 10, "validation": sizes[label] * VALIDATION_TENTHS // 10}
        # Groups of rarer classes have brought some of this class along.
        left = {part: wanted - sum(labels[i] == label for i in parts[part]) for part, wanted in share.items()}
        training: list[list[int]] = []
        for group in (candidates[position] for position in order):
            count = sum(labels[i] == label for i in group)
            part = next((name for name, room in left.items() if room >= count), "train")
            if part == "train":
                training.append(group)
            else:
                left[part] -= count
                parts[part] += group
        for part, wanted in share.items():
            if wanted and left[part] == wanted and len(training) > 1:
                smallest = min(training, key=len)
                training.remove(smallest)
                parts[part] += smallest
        parts["train"] += [index for group in training for index in group]
    return parts
