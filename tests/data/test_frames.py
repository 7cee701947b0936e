# SPDX-License-Identifier: Apache-2.0
"""Frames for simulation: they reach every corner, look like surfaces, and are the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwflow.data.frames import frames
from hwflow.data.synthetic import DEFECTS, surfaces
from hwflow.errors import UserError


def test_sixteen_frames_reach_every_corner() -> None:
    made = frames(16, (1, 64, 64))
    assert made.shape == (16, 1, 64, 64) and made.dtype == np.uint8
    assert (made[-2] == 0).all() and (made[-1] == 255).all()
    noise = made[-4:-2]
    assert len(np.unique(noise)) == 256
    assert abs(noise.mean() - 127.5) < 3
    assert np.array_equal(made[:12], surfaces(12, (1, 64, 64), 0))


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 40, 56)])
def test_surfaces_differ_and_repeat(shape: tuple[int, int, int]) -> None:
    made = surfaces(2 * len(DEFECTS), shape, seed=1)
    assert made.shape == (2 * len(DEFECTS), *shape)
    assert np.array_equal(made, surfaces(2 * len(DEFECTS), shape, seed=1))
    assert not np.array_equal(made, surfaces(2 * len(DEFECTS), shape, seed=2))
    assert len({image.tobytes() for image in made}) == len(made)
    # Fewer surfaces are the first of more.
    assert np.array_equal(made[:3], surfaces(3, shape, seed=1))


def test_surfaces_have_the_grain_of_metal() -> None:
    made = surfaces(28, (1, 64, 64), seed=0)[:, 0].astype(float)
    assert 60 < made.mean() < 200
    assert (made.std((1, 2)) > 3).all(), "none is flat"
    along = np.abs(np.diff(made, axis=1)).mean()
    across = np.abs(np.diff(made, axis=2)).mean()
    assert across > 1.1 * along, "rolling leaves streaks"


def test_own_images(tmp_path: Path) -> None:
    for i, name in enumerate(["b.png", "sub/a.png", "c.bmp"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), 10 * i, np.uint8)).save(path)
    made = frames(16, (1, 4, 4), images=tmp_path)
    assert made[:, 0, 0, 0].tolist() == [0, 20, 10]
    assert len(frames(2, (1, 4, 4), images=tmp_path)) == 2


def test_impossible_frames(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--frames 3: at least 4 are needed"):
        frames(3, (1, 8, 8))
    with pytest.raises(UserError, match="holds no image"):
        frames(16, (1, 8, 8), images=tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        frames(16, (1, 8, 8), images=tmp_path / "nowhere")
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(UserError, match=r"a\.png: not an image"):
        frames(16, (1, 8, 8), images=tmp_path)
