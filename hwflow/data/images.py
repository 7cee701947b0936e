# SPDX-License-Identifier: Apache-2.0
"""Reading one image or mask, the same way for training, evaluation and simulation."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hwflow.errors import UserError

SUFFIXES = frozenset({".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".ppm", ".webp"})
_MODES = {1: "L", 3: "RGB"}


MASK_THRESHOLD = 127
"""A pixel of a mask is defect above this grey level: masks of the Magnetic Tile set are grey at their edges."""


def load_image(path: Path, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """The image as uint8 [channels, H, W] with (H, W) = `size`.

    `channels` is 1 (grey, by the luma of ITU-R 601) or 3 (RGB). Another size is reached by Pillow's bilinear filter,
    which averages over the covered area when it shrinks; an image of the right size keeps its pixels. The aspect ratio
    is not kept.

    Raises UserError, naming the file, if it is no image, is damaged, or has more than 8 bits a channel.
    """
    return to_array(open_image(path, channels), size)


def open_image(path: Path, channels: int) -> Image.Image:
    """The image at its own size with `channels` channels, decoded to the last pixel; raises as `load_image`."""
    mode = _MODES[channels]
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise UserError(f"{path}: has more than 8 bits a channel; convert it to 8 bits")
            return image.convert(mode)
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image that can be read") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: damaged or unreadable image ({error})") from None


def to_array(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A grey or RGB image as uint8 [C, H, W] with (H, W) = `size`, resized as `load_image` says."""
    height, width = size
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(image, dtype=np.uint8)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def open_mask(path: Path, image: Path, size: tuple[int, int]) -> Image.Image:
    """The mask of `image`, which is of `size` (width, height), as a grey picture of 0 and 255.

    Raises UserError, naming the file, for what `load_image` refuses, for a mask of another size than its image, and for
    one that has pixels above 0 but none above the threshold: masks coded 0 and 1 would otherwise all be empty.
    """
    mask = open_image(path, 1)
    if mask.size != size:
        raise UserError(
            f"{path}: the mask is {_spell(mask.size)}, its image {image.name} {_spell(size)}; make them of one size"
        )
    brightest = int(mask.getextrema()[1])  # type: ignore[arg-type]  # of a grey image these are two numbers
    if 0 < brightest <= MASK_THRESHOLD:
        raise UserError(
            f"{path}: no pixel of the mask is above {MASK_THRESHOLD}, the brightest is {brightest}; "
            "write defects as 255 and the rest as 0"
        )
    return mask.point([255 * (level > MASK_THRESHOLD) for level in range(256)])


def to_mask(mask: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask of 0 and 255 as uint8 [1, H, W] of 0 and 1, with (H, W) = `size`.

    Resized with the filter of the images and thresholded again: a pixel is defect where more than half of what it
    covers is, so that areas keep their size and specks smaller than a pixel vanish.
    """
    return (to_array(mask, size) > MASK_THRESHOLD).astype(np.uint8)


def image_files(folder: Path) -> list[Path]:
    """The files directly in `folder` that are named as images, sorted; hidden files are left out."""
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted(path for path in files if path.suffix.lower() in SUFFIXES)


def _spell(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
