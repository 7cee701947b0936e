# SPDX-License-Identifier: Apache-2.0
"""A model folder of one's own: the real network.py with a recipe that runs in milliseconds."""

import shutil
from pathlib import Path

import pytest

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
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "own_model"
    (folder / "tiny").mkdir(parents=True)
    shutil.copy(content_root() / "models" / "bi_shufflenet" / "network.py", folder)
    (folder / "tiny" / "recipe.yaml").write_text(TINY)
    return folder
