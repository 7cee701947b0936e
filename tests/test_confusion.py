# SPDX-License-Identifier: Apache-2.0
"""The picture of confusion matrices: its words, its colours, and its size."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hwflow.confusion import CELL, DOTS, Panel, draw_confusion, spell_share

BLOWHOLE = Panel("Blowhole", "", ("defect", "background"), ((1668, 393), (134, 1_202_029)))


@pytest.mark.parametrize(
    ("part", "whole", "spelt"),
    [
        (1668, 2061, "80.9%"),
        (134, 1_202_163, "0.01%"),
        (598_283, 598_557, "99.95%"),
        (907, 829_374, "0.1%"),
        (1, 10**6, "<0.01%"),
        (999_999, 10**6, ">99.99%"),
        (0, 7, "0%"),
        (7, 7, "100%"),
    ],
)
def test_shares_as_in_figure_5(part: int, whole: int, spelt: str) -> None:
    assert spell_share(part, whole) == spelt


def _draw(out: Path, *panels: Panel) -> NDArray[np.uint8]:
    draw_confusion(panels, "title", "note", out)
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def test_true_classes_stand_across(tmp_path: Path) -> None:
    """The second class is halved; all of the first stands above on the left where right, else below it, where figure 5
    has the missed defects."""
    right = _dark(_draw(tmp_path / "a.png", Panel("", "", ("a", "b"), ((5, 0), (3, 3)))))
    wrong = _dark(_draw(tmp_path / "b.png", Panel("", "", ("a", "b"), ((0, 5), (3, 3)))))
    assert wrong - right == pytest.approx((CELL * DOTS, 0), abs=4)


def _dark(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The middle (row, column) of the cell that holds all of a true class: the last of the blues."""
    places = np.argwhere((pixels == (8, 48, 107)).all(-1))
    assert len(places) > 1000
    return np.median(places, axis=0)


def test_a_class_without_pixels_and_many_classes(tmp_path: Path) -> None:
    empty = Panel("Free", "", ("defect", "background"), ((0, 0), (0, 9)))
    one, two = _draw(tmp_path / "a.png", BLOWHOLE), _draw(tmp_path / "b.png", BLOWHOLE, empty, empty)
    assert one.shape[0] == two.shape[0] and one.shape[1] < two.shape[1]
    names = tuple(f"class number {i}" for i in range(40))
    many = Panel("", "", names, tuple(tuple(9 * (i == j) for j in range(40)) for i in range(40)))
    assert max(_draw(tmp_path / "c.png", many).shape) < 2500
