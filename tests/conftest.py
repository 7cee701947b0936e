# SPDX-License-Identifier: Apache-2.0
"""A model folder of one's own, the real network.py with a recipe that runs in milliseconds, and images for it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwflow.content import content_root

TINY = """\
input: {channels: 1, height: 16, width: 16}
classes: [dark, bright]
stem: 4
stages:
  - {units: 2, width: 8}
head: 8
kernels: {stem: 3}
training:
  batch: 16
  warmup_epochs: 1
  real_weights: {epochs: 3, learning_rate: 5.0e-3}
  binary_weights: {epochs: 3, learning_rate: 5.0e-3}
"""


@pytest.fixture
def own_model(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A model folder of a new name with the network of a model that there is, and one recipe, tiny."""

    def make(name: str, model: str, recipe: str) -> Path:
        folder = tmp_path / name
        (folder / "tiny").mkdir(parents=True)
        shutil.copy(content_root() / "models" / model / "network.py", folder)
        (folder / "tiny" / "recipe.yaml").write_text(recipe)
        return folder

    return make


@pytest.fixture
def model_folder(own_model: Callable[[str, str, str], Path]) -> Path:
    return own_model("own_model", "bi_shufflenet", TINY)


@pytest.fixture
def dark_and_bright(tmp_path: Path) -> Callable[[int, float], Path]:
    """A folder of the recipe's two classes, with so many images of each, of grey levels that spread so much."""

    def draw(count: int, spread: float) -> Path:
        folder, normal = tmp_path / "data", np.random.default_rng(0).normal
        for name, level in (("dark", 60), ("bright", 190)):
            (folder / name).mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(normal(level, spread, (16, 16)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
        return folder

    return draw
