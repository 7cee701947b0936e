# SPDX-License-Identifier: Apache-2.0
"""Where the images, masks and labels of a set lie. Nothing is opened here.

Three forms are known, each as its authors publish it and with an optional MANIFEST.tsv:

- a folder a class, the images in it or in a folder Imgs below. Where most .png files of such a folder have an image of
  the same name but another type beside them, its .png files are masks (Magnetic Tile: x.jpg and x.png);
- images/ and masks/ (also Source images/ and Ground truth/, of the SD-saliency-900 set), files of the same name
  belonging together. The class is what an NEU name says (Pa_17: patches), else "defect";
- images by NEU names in one folder (NEU-CLS: Cr_1.bmp).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwflow.data.images import image_files
from hwflow.data.known import neu_class, where_to_get
from hwflow.errors import UserError, did_you_mean

INNER = "Imgs"
PAIRED = (("images", "masks"), ("source images", "ground truth"))
PLAIN_CLASS = "defect"


@dataclass(frozen=True)
class Sample:
    """An image's file and its mask's, if there is one."""

    image: Path
    mask: Path | None = None


def find_samples(folder: Path, classes: Sequence[str] | None = None, others: bool = False) -> dict[str, list[Sample]]:
    """The samples of every class, in the order of `classes` (default: all there are, sorted) and of file names.

    Raises UserError, naming the file or folder, if the folder or a class is missing or empty, if there are images of no
    class (unless `others`: then they are left out), and if a mask has no image.
    """
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; --data takes one of a folder a class, or of images/ and masks/; sets that fit are "
            f"{where_to_get()}"
        )
    by_name = {path.name.lower(): path for path in _folders(folder)}
    for images, masks in PAIRED:
        if images in by_name and masks in by_name:
            return _choose(folder, _in_two_folders(by_name[images], by_name[masks]), classes, others)
    flat = _by_neu_names(folder)
    if flat and not by_name:
        return _choose(folder, flat, classes, others)
    return _in_class_folders(folder, classes, others)


def _in_class_folders(folder: Path, classes: Sequence[str] | None, others: bool) -> dict[str, list[Sample]]:
    present = sorted(path.name for path in _folders(folder))
    if classes is None:
        classes = [name for name in present if _class_images(folder / name)]
        if not classes:
            raise UserError(f"{folder}: holds no folder of images; it takes one folder a class, or images/ and masks/")
    for name in classes:
        if name not in present:
            hint = did_you_mean(name, present).replace("did you mean", "is it")
            raise UserError(
                f"{folder}: class folder {name} is missing{hint}; the recipe's classes are {', '.join(classes)}"
            )
    for name in present:
        if not others and name not in classes and _class_images(folder / name):
            raise UserError(f"{folder / name}: not a class of the recipe ({', '.join(classes)}); move it away")
    found = {name: _pair(_class_images(folder / name)) for name in classes}
    for name, samples in found.items():
        if not samples:
            raise UserError(f"{folder / name}: holds no image; every class needs some")
    return found


def _pair(files: Sequence[Path]) -> list[Sample]:
    images = {path.stem: path for path in files if path.suffix.lower() != ".png"}
    drawn = [path for path in files if path.suffix.lower() == ".png"]
    masks = {path.stem: path for path in drawn if path.stem in images}
    # Photographs by chance called alike do not make a set with masks.
    if 2 * len(masks) <= len(drawn) or not drawn:
        return [Sample(path) for path in files]
    lonely = next((path for path in drawn if path.stem not in images), None)
    if lonely is not None:
        raise UserError(f"{lonely}: a mask without an image of the same name; restore the image or move the mask away")
    return [Sample(path, masks.get(stem)) for stem, path in images.items()]


def _in_two_folders(images: Path, masks: Path) -> dict[str, list[Sample]]:
    mask_of = {path.stem: path for path in image_files(masks)}
    files = image_files(images)
    lonely = next((mask_of[stem] for stem in sorted(mask_of.keys() - {path.stem for path in files})), None)
    if lonely is not None:
        raise UserError(
            f"{lonely}: a mask without an image of the same name in {images}; restore the image or move the mask away"
        )
    found: dict[str, list[Sample]] = {}
    for path in files:
        found.setdefault(neu_class(path.stem) or PLAIN_CLASS, []).append(Sample(path, mask_of.get(path.stem)))
    return found


def _by_neu_names(folder: Path) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for path in image_files(folder):
        name = neu_class(path.stem)
        if name is not None:
            found.setdefault(name, []).append(Sample(path))
    return found


def _choose(
    folder: Path, found: Mapping[str, list[Sample]], classes: Sequence[str] | None, others: bool
) -> dict[str, list[Sample]]:
    if not found:
        raise UserError(f"{folder}: holds no image")
    wanted = sorted(found) if classes is None else classes
    for name in wanted:
        if name not in found:
            raise UserError(
                f"{folder}: no image of class {name}{did_you_mean(name, found)}; there are {', '.join(sorted(found))}"
            )
    for name, samples in found.items():
        if not others and name not in wanted:
            raise UserError(f"{samples[0].image}: {name} is not a class of the recipe ({', '.join(wanted)})")
    return {name: found[name] for name in wanted}


def _class_images(folder: Path) -> list[Path]:
    inner = folder / INNER
    return image_files(folder) or (image_files(inner) if inner.is_dir() else [])


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
