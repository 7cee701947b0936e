# SPDX-License-Identifier: Apache-2.0
"""Training, validation and test parts of an image set."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

VALIDATION_TENTHS = 1
TEST_TENTHS = 2


class Labelled(Protocol):
    """A set of images."""

    @property
    def labels(self) -> Tensor:
        """int64 [N], the class of each image"""
        ...

    @property
    def groups(self) -> Tensor:
        """int64 [N], equal for images that belong on one side of a split"""
        ...


@dataclass(frozen=True)
class Split:
    """Indices of the images of each part, ascending."""

    train: Tensor
    validation: Tensor
    test: Tensor


def split(images: Labelled, seed: int) -> Split:
    """7 : 1 : 2 at random by `seed`, in every class; the images of a group stay together.

    A group counts to the class of its first image. A class of one group goes to the training part.
    """
    members: dict[int, list[int]] = {}
    for index, group in enumerate(images.groups.tolist()):
        members.setdefault(group, []).append(index)
    by_class: dict[int, list[list[int]]] = {}
    for group in members.values():
        by_class.setdefault(int(images.labels[group[0]]), []).append(group)
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label, groups in sorted(by_class.items()):
        generator = torch.Generator().manual_seed(seed * 1009 + label)
        order = torch.randperm(len(groups), generator=generator).tolist()
        size = sum(map(len, groups))
        wanted = {"test": size * TEST_TENTHS // 10, "validation": size * VALIDATION_TENTHS // 10}
        for position in order:
            group = groups[position]
            part = next((name for name, left in wanted.items() if left >= len(group)), "train")
            if part != "train":
                wanted[part] -= len(group)
            parts[part] += group
    return Split(*(torch.tensor(sorted(parts[name]), dtype=torch.int64) for name in ("train", "validation", "test")))
