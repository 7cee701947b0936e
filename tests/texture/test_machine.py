# SPDX-License-Identifier: Apache-2.0
"""The support vector machine as a module: what scikit-learn predicts, and weights of any number of vectors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.svm import SVC

from hwflow.errors import UserError
from hwflow.inference import logits
from hwflow.models import find_recipe, load_weights, save_weights
from hwflow.texture.machine import VectorMachine
from hwflow.texture.patterns import Image, Map


def _describe(image: Image) -> Map:
    counts = np.bincount(image.ravel() // 32, minlength=8)
    return counts / counts.sum()


def _fitted(
    classes: int, channels: int = 1, seed: int = 0, gamma: float = 2.0
) -> tuple[VectorMachine, SVC, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (120, channels, 6, 7), generator=draw, dtype=torch.uint8)
    labels = torch.randint(0, classes, (120,), generator=draw)
    labels[:classes] = torch.arange(classes)
    network = VectorMachine(classes, channels, 8, _describe)
    features = network.features(images)
    machine = SVC(C=3.0, gamma=gamma, break_ties=True).fit(features[:80].numpy(), labels[:80].numpy())
    network.adopt(machine)
    return network, machine, images


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_says_what_scikit_learn_says(classes: int, channels: int) -> None:
    network, machine, images = _fitted(classes, channels)
    features = network.features(images).numpy()
    scores = logits(network, images)
    assert scores.shape == (120, classes) and scores.dtype == torch.float64
    assert np.array_equal(scores.argmax(1).numpy(), machine.predict(features))
    wanted = machine.decision_function(features)
    if classes == 2:
        assert np.allclose((scores[:, 1] - scores[:, 0]).numpy() > 0, wanted > 0)
    else:
        assert np.allclose(scores.numpy(), wanted, rtol=0, atol=1e-9)


def test_features_are_roots_of_histograms_channel_by_channel() -> None:
    network = VectorMachine(2, 3, 8, _describe)
    images = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    images[0, 1, :2] = 255
    features = network.features(images)
    assert features.shape == (2, 24) and torch.allclose((features**2).sum(1), torch.tensor(3.0).double())
    assert torch.allclose(features[0, [0, 8, 15, 16]], torch.tensor([1, 0.5**0.5, 0.5**0.5, 1]).double())


def test_weights_come_back_whatever_their_number(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    sizes = set()
    for seed, gamma in ((0, 2.0), (1, 80.0)):
        network, _, images = _fitted(3, seed=seed, gamma=gamma)
        sizes.add(len(network.support_vectors))
        save_weights(network, path)
        other = VectorMachine(3, 1, 8, _describe)
        load_weights(other, path)
        assert torch.equal(logits(network, images), logits(other, images))
        load_weights(other, path)  # into one that has vectors already
    assert len(sizes) == 2


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network, _, images = _fitted(3)
    before = logits(network, images)
    save_weights(network, path)
    tensors = load_file(path)

    def refused(changed: dict[str, torch.Tensor], message: str) -> None:
        save_file(changed, path)
        with pytest.raises(UserError, match=message) as caught:
            load_weights(network, path)
        assert "\n" not in str(caught.value)
        assert torch.equal(before, logits(network, images))

    few = {name: tensor for name, tensor in tensors.items() if name != "support_vectors"}
    refused(few, r"tensor support_vectors is missing")
    refused(tensors | {"conv1.weight": torch.zeros(1)}, r"tensor conv1\.weight is not in this network")
    refused(tensors | {"support_vectors": torch.zeros(5, 9)}, r"tensor \w+ has shape \w+, this recipe needs \w+")
    refused(tensors | {"support_vectors": torch.zeros(())}, r"tensor \w+ has shape \w+, this recipe needs \w+")
    refused(tensors | {"dual": torch.zeros(3, 2)}, r"tensor dual has shape 3x2")
    save_weights(_fitted(4)[0], path)
    with pytest.raises(UserError, match=r"tensor \w+ has shape \w+, this recipe needs \w+"):
        load_weights(network, path)


@pytest.mark.parametrize("model", ["lbp_svm", "aeclbp_svm"])
def test_shipped_recipes_build(model: str) -> None:
    for name, shape in (("neu", (1, 200, 200)), ("mt", (1, 224, 224)), ("mt-group", (1, 224, 224))):
        found = find_recipe(model, name)
        assert found.recipe.input.shape == shape
        network = found.build()
        assert isinstance(network, VectorMachine)
        pixels = torch.randint(0, 256, (1, *shape), dtype=torch.uint8)
        assert network.features(pixels).shape == (1, network.support_vectors.shape[1])
