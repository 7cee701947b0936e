# SPDX-License-Identifier: Apache-2.0
"""Models by name or by path.

A model is a folder with a `network.py` and one folder a recipe, which holds `recipe.yaml` and, once trained,
`weights.safetensors` and `card.md`. `network.py` defines `RECIPE`, a subclass of `hwflow.recipe.Recipe` or `FittedRecipe`,
and `build(recipe)`, the untrained network of a recipe. Models live in `models/`; any other folder is named by its path.
"""

import importlib.util
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol, runtime_checkable

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from hwflow.content import content_root
from hwflow.errors import UserError, did_you_mean
from hwflow.files import publish
from hwflow.nn import BinaryConv2d
from hwflow.nn.latent import LATENT_DTYPE, shorten
from hwflow.recipe import BaseRecipe, FittedRecipe, Recipe, Training
from hwflow.yamlfile import read_yaml

NETWORK_FILE = "network.py"
RECIPE_FILE = "recipe.yaml"
WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "card.md"
DEFAULT_RECIPES = ("mini", "neu")


@runtime_checkable
class OfAnySize(Protocol):
    """A network of which a file of weights tells some sizes, as a fit tells how many support vectors there are.
    Its `load_state_dict` takes them on."""

    def state_like(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The state that it would have, by the sizes that these tensors tell; values do not matter."""
        ...


@dataclass(frozen=True)
class ModelRecipe:
    """A recipe of a model: where it lies, and what it says."""

    model: str
    name: str
    folder: Path
    recipe: BaseRecipe
    module: ModuleType

    @property
    def weights(self) -> Path:
        """Where its trained weights lie, or will."""
        return self.folder / WEIGHTS_FILE

    @property
    def training(self) -> Training:
        """How its network is trained by gradients. Raises UserError if it is fitted instead."""
        if not isinstance(self.recipe, Recipe):
            raise UserError(f"{self.model}, recipe {self.name}: is fitted, not trained by gradients")
        return self.recipe.training

    def require_layers(self, purpose: str) -> None:
        """Raises UserError, which says what for (`purpose`), if the model is no network of layers."""
        if isinstance(self.recipe, FittedRecipe):
            raise UserError(
                f"{self.model}, recipe {self.name}: a support vector machine on texture, with no layers to {purpose};"
                " name a network, or measure this model with hwflow evaluate --engine torch"
            )

    def build(self) -> nn.Module:
        """The network without training: weights at random, from torch's global generator.

        Raises UserError if the network cannot be built to the recipe's sizes.
        """
        try:
            network = self.module.build(self.recipe)
        except ValueError as error:
            raise UserError(f"{self.folder / RECIPE_FILE}: {error}") from None
        if not isinstance(network, nn.Module):
            raise UserError(f"{self.folder.parent / NETWORK_FILE}: build() returned no torch.nn.Module")
        return network

    def load(self, weights: Path | None = None) -> nn.Module:
        """The trained network in eval mode and float32; `.double()` of it is the reference for hardware.

        Raises UserError if the weights (default: the recipe's own) are missing, broken, or of another network.
        """
        network = self.build()
        load_weights(network, self.weights if weights is None else weights)
        return network.eval()


def model_names() -> list[str]:
    """The names that `find_recipe` knows, sorted."""
    return sorted(path.parent.name for path in (content_root() / "models").glob(f"*/{NETWORK_FILE}"))


def recipe_names(folder: Path) -> list[str]:
    """The recipes of the model in `folder`, sorted."""
    return sorted(path.parent.name for path in folder.glob(f"*/{RECIPE_FILE}"))


def find_recipe(model: str, recipe: str | None = None, *, defaults: Sequence[str] = DEFAULT_RECIPES) -> ModelRecipe:
    """The recipe called `recipe` (default: the first of `defaults` that there is, else the only one) of `model`, a name or
    a folder's path.

    Raises UserError, with the nearest name, for a model or recipe that does not exist, and for a recipe.yaml that is
    wrong.
    """
    folder = _model_folder(model)
    names = recipe_names(folder)
    if not names:
        raise UserError(f"{folder}: no recipe; add a folder with a {RECIPE_FILE}")
    name = recipe or _default(names, folder, defaults)
    if name not in names:
        raise UserError(
            f"unknown recipe {name} of {folder.name}{did_you_mean(name, names)}; there are {', '.join(names)}"
        )
    module = _import_network(folder / NETWORK_FILE)
    content = read_yaml(folder / name / RECIPE_FILE, module.RECIPE)
    return ModelRecipe(folder.name, name, folder / name, content, module)


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill `network` from a safetensors file.

    Raises UserError, naming the file and the tensor, if the file is missing or truncated, if a tensor is missing,
    unknown, of another shape, or not finite. The network is unchanged then.
    """
    if not path.is_file():
        raise UserError(f"{path}: no trained weights; train the recipe first (hwflow train)")
    tensors = read_tensors(path)
    expected = network.state_like(tensors) if isinstance(network, OfAnySize) else network.state_dict()
    missing = [name for name in expected if name not in tensors]
    if missing:
        raise UserError(
            f"{path}: tensor {missing[0]} is missing ({len(missing)} in all); are these weights of this recipe?"
        )
    unknown = [name for name in tensors if name not in expected]
    if unknown:
        raise UserError(
            f"{path}: tensor {unknown[0]} is not in this network ({len(unknown)} in all); are these weights of it?"
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise UserError(
                f"{path}: tensor {name} has shape {_shape(tensor)}, this recipe needs {_shape(expected[name])}"
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise UserError(f"{path}: tensor {name} holds a value that is not finite; train again")
    network.load_state_dict(tensors)


def save_weights(network: nn.Module, path: Path) -> None:
    """Write all parameters and statistics of `network` to a safetensors file, which appears whole or not at all.

    What training kept behind 1-bit weights is stored in 8 bits: their sign is all that the network computes with, and the
    magnitude, which a later training may start from, needs no more. The file of a U-BiNet is a third as large.
    """
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    for name, module in network.named_modules():
        if isinstance(module, BinaryConv2d):
            tensors[f"{name}.weight"] = shorten(tensors[f"{name}.weight"])
    publish(path, lambda beside: beside.write_bytes(save(tensors)))


def _model_folder(model: str) -> Path:
    path = Path(model)
    if (path / NETWORK_FILE).is_file():
        return path.resolve()
    names = model_names()
    if model in names:
        return content_root() / "models" / model
    if path.is_dir():
        raise UserError(f"{path}: not a model, it has no {NETWORK_FILE}")
    raise UserError(f"unknown model {model}{did_you_mean(model, names)}; there are {', '.join(names)}")


def _default(names: Sequence[str], folder: Path, defaults: Sequence[str]) -> str:
    for default in defaults:
        if default in names:
            return default
    if len(names) == 1:
        return names[0]
    raise UserError(f"{folder.name} has several recipes, choose one with --recipe: {', '.join(names)}")


def _import_network(path: Path) -> ModuleType:
    name = f"hwflow_model_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks its models' module up here
    spec.loader.exec_module(module)
    recipe = getattr(module, "RECIPE", None)
    if not (isinstance(recipe, type) and issubclass(recipe, Recipe | FittedRecipe)):
        raise UserError(f"{path}: must define RECIPE, a subclass of hwflow.recipe.Recipe or FittedRecipe")
    if not callable(getattr(module, "build", None)):
        raise UserError(f"{path}: must define build(recipe), the network of a recipe")
    return module


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file; those of 8-bit floats as float32, which computes and compares.

    Raises UserError, naming the file, if it is not a whole one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a whole safetensors file ({error}); restore it or train again") from None
    return {name: tensor.float() if tensor.dtype == LATENT_DTYPE else tensor for name, tensor in tensors.items()}


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) if math.prod(tensor.shape) != 1 or tensor.dim() else "scalar"
