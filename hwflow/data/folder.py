# SPDX-License-Identifier: Apache-2.0
"""A labelled set of images: a folder that holds one folder a class."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hwflow.cli.progress import Tick
from hwflow.data.images import image_files, load_image
from hwflow.errors import UserError, did_you_mean

MANIFEST = "MANIFEST.tsv"
WHERE_TO_GET_NEU = (
    "NEU-CLS, the NEU surface defect database, is in github.com/abin24/Surface-Inspection-defect-detection-dataset"
)


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels. Images of one group (equal group number) belong on one side of a split."""

    images: Tensor  # uint8 [N, C, H, W]
    labels: Tensor  # int64 [N], indices into classes
    groups: Tensor  # int64 [N]
    paths: tuple[Path, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, indices: Tensor) -> "ImageSet":
        """The images of the given indices, in their order."""
        paths = tuple(self.paths[i] for i in indices.tolist())
        return ImageSet(self.images[indices], self.labels[indices], self.groups[indices], paths, self.classes)


def load_folder(
    folder: Path, shape: tuple[int, int, int], classes: Sequence[str], tick: Tick | None = None
) -> ImageSet:
    """All images of `folder`/CLASS for every class, resized to `shape` (C, H, W), in the order of classes and file
    names.

    A MANIFEST.tsv in `folder` with the columns `path` (relative to it) and `group` says which images show the same
    thing; without it every image is a group of its own. `tick` is told of every image.

    Raises UserError, naming the file or folder, if the folder or a class is missing or empty, if there is a folder with
    images that is no class, if an image cannot be read, or if the manifest is wrong.
    """
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; --data takes a folder that holds one folder a class ({WHERE_TO_GET_NEU})"
        )
    present = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    for name in classes:
        if name not in present:
            hint = did_you_mean(name, present).replace("did you mean", "is it")
            raise UserError(
                f"{folder}: class folder {name} is missing{hint}; the recipe's classes are {', '.join(classes)}"
            )
    for name in present:
        if name not in classes and image_files(folder / name):
            raise UserError(f"{folder / name}: not a class of the recipe ({', '.join(classes)}); move it away")
    files = {name: image_files(folder / name) for name in classes}
    for name, found in files.items():
        if not found:
            raise UserError(f"{folder / name}: holds no image; every class needs some")
    paths = [path for name in classes for path in files[name]]
    group_of = read_groups(folder / MANIFEST)
    numbers: dict[str, int] = {}
    groups, images = [], []
    channels, height, width = shape
    for done, path in enumerate(paths, 1):
        relative = path.relative_to(folder).as_posix()
        group = group_of.get(relative, relative)
        groups.append(numbers.setdefault(group, len(numbers)))
        images.append(load_image(path, (height, width), channels))
        if tick is not None:
            tick(done, len(paths))
    labels = [label for label, name in enumerate(classes) for _ in files[name]]
    return ImageSet(
        torch.from_numpy(np.stack(images)), torch.tensor(labels), torch.tensor(groups), tuple(paths), tuple(classes)
    )


def read_groups(manifest: Path) -> dict[str, str]:
    """The group of each path that the manifest has one for; empty where there is no manifest or no column of groups.

    Raises UserError, naming the file, if it is no table or has no column of paths.
    """
    if not manifest.is_file():
        return {}
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            columns = rows.fieldnames or []
            if "group" not in columns:
                return {}
            if "path" not in columns:
                raise UserError(f"{manifest}: has a column group, but no column path")
            return {row["path"]: row["group"] for row in rows if row["group"]}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{manifest}: not a table of tab-separated UTF-8 text ({error})") from None
