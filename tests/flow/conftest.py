# SPDX-License-Identifier: Apache-2.0
"""A small Bi-ShuffleNet as if trained: random weights, BatchNorms with negative, dead and out-of-range channels."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from hwflow.content import content_root
from hwflow.models import find_recipe, save_weights

RECIPE = """\
input: {channels: 1, height: 16, width: 16}
classes: [dark, bright, torn]
stem: 4
stages:
  - {units: 2, width: 8}
head: 8
kernels: {stem: 3}
training:
  batch: 16
  warmup_epochs: 1
  real_weights: {epochs: 1, learning_rate: 5.0e-3}
  binary_weights: {epochs: 1, learning_rate: 5.0e-3}
"""


def spoil_norms(network: nn.Module, seed: int = 0) -> None:
    """BatchNorm statistics and gammas at random, signs mixed, with a dead channel and a threshold out of reach."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 2, generator=generator)
            module.running_var.uniform_(4, 30, generator=generator)
            module.weight.data.normal_(0, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.7, generator=generator)
            module.weight.data[0] = 0.0
            module.bias.data[1] = 1000.0


def make_model(folder: Path) -> Path:
    """A model folder with the recipe `small` and its weights."""
    (folder / "small").mkdir(parents=True)
    shutil.copy(content_root() / "models" / "bi_shufflenet" / "network.py", folder)
    (folder / "small" / "recipe.yaml").write_text(RECIPE)
    found = find_recipe(str(folder), "small")
    torch.manual_seed(0)
    network = found.build()
    spoil_norms(network)
    save_weights(network, found.weights)
    return folder


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "own_net")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of the test run's own, shared by its builds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWFLOW_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
