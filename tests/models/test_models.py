# SPDX-License-Identifier: Apache-2.0
"""Finding models and recipes, and what a user is told when one is wrong."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from hwflow.errors import UserError
from hwflow.models import find_recipe, load_weights, model_names, save_weights
from hwflow.nn import BinaryConv2d
from hwflow.nn.ste import binarise


def test_models_of_the_checkout() -> None:
    assert {"bi_shufflenet", "u_binet"} <= set(model_names())
    recipe = find_recipe("bi_shufflenet")
    assert (recipe.model, recipe.name) == ("bi_shufflenet", "mini")
    assert recipe.recipe.input.shape == (1, 64, 64)
    assert find_recipe("bi_shufflenet", "neu").recipe.input.shape == (1, 224, 224)


def test_a_model_by_its_path(model_folder: Path) -> None:
    recipe = find_recipe(str(model_folder))
    assert (recipe.model, recipe.name) == ("own_model", "tiny")
    assert recipe.build()(torch.zeros(1, 1, 16, 16)).shape == (1, 2)


@pytest.mark.parametrize(
    ("model", "recipe", "message"),
    [
        ("bi_shuflenet", None, r"unknown model bi_shuflenet \(did you mean bi_shufflenet\?\)"),
        (
            "bi_shufflenet",
            "minni",
            r"unknown recipe minni of bi_shufflenet \(did you mean mini\?\); there are mini, mt, mt-first, mt-group, neu",
        ),
    ],
)
def test_unknown_names_come_with_the_nearest(model: str, recipe: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_recipe(model, recipe)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a model, it has no network\.py"):
        find_recipe(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("head: 8", "haed: 8", r"recipe\.yaml: unknown key haed \(did you mean head\?\)"),
        ("units: 2", "unit: 2", r"recipe\.yaml: unknown key stages\.0\.unit \(did you mean units\?\)"),
        ("head: 8", "", r"recipe\.yaml: key head is missing"),
        ("width: 8", "width: 9", r"stage 2 follows 4 channels, so its width must be 8, not 9"),
        ("stem: 3}", "stem: 4}", r"kernels: stem must be odd, got 4"),
        ("stem: 4", "stem: four", r"stem: Input should be a valid integer"),
        ("stem: 4", "bits: {step: 0.3}\nstem: 4", r"bits\.step: must be a power of two, got 0\.3"),
        ("channels: 1", "channels: 2", r"input\.channels: Input should be 1 or 3"),
        ("stem: 4", "stem: [4", r"recipe\.yaml: not valid YAML at line \d+"),
    ],
)
def test_wrong_recipes(model_folder: Path, old: str, new: str, message: str) -> None:
    path = model_folder / "tiny" / "recipe.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=message) as caught:
        find_recipe(str(model_folder))
    assert "\n" not in str(caught.value)


def test_a_network_file_without_a_recipe(model_folder: Path) -> None:
    (model_folder / "network.py").write_text("x = 1\n")
    with pytest.raises(UserError, match=r"network\.py: must define RECIPE"):
        find_recipe(str(model_folder))


def test_weights_come_back_as_they_were(model_folder: Path) -> None:
    recipe = find_recipe(str(model_folder))
    network = recipe.build()
    save_weights(network, recipe.weights)
    loaded = recipe.load()
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        of, _, leaf = name.rpartition(".")
        one_bit = leaf == "weight" and isinstance(network.get_submodule(of), BinaryConv2d)
        # Of what lies behind 1-bit weights a file keeps the sign exactly, and no more than 8 bits.
        kept = binarise if one_bit else torch.clone
        assert torch.equal(kept(tensor), kept(loaded.state_dict()[name])), name
    assert [path.name for path in recipe.folder.iterdir()].count("weights.safetensors") == 1


def test_weights_that_do_not_fit(model_folder: Path) -> None:
    recipe = find_recipe(str(model_folder))
    network = recipe.build()
    with pytest.raises(UserError, match="no trained weights; train the recipe first"):
        recipe.load()
    save_weights(network, recipe.weights)
    tensors = load_file(recipe.weights)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def refused(changed: dict[str, torch.Tensor], message: str) -> None:
        save_file(changed, recipe.weights)
        with pytest.raises(UserError, match=message):
            load_weights(network, recipe.weights)

    name = "stage2.0.left.conv1.weight"
    refused(tensors | {name: torch.zeros(4, 4, 3, 3)}, f"tensor {name} has shape 4x4x3x3, this recipe needs 4x4x5x5")
    refused({k: v for k, v in tensors.items() if k != name}, rf"tensor {name} is missing \(1 in all\)")
    refused(tensors | {"stage9.weight": torch.zeros(1)}, r"tensor stage9\.weight is not in this network")
    refused(
        tensors | {"head.act.beta": torch.full((8,), float("nan"))}, r"head\.act\.beta holds a value that is not finite"
    )
    save_weights(network, recipe.weights)
    recipe.weights.write_bytes(recipe.weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_weights(network, recipe.weights)
    recipe.weights.write_bytes(b"")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_weights(network, recipe.weights)
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[key]), "a refused file changes nothing"
