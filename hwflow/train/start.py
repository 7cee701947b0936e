# SPDX-License-Identifier: Apache-2.0
"""Beginning a training with what another one learned."""

from pathlib import Path

from torch import nn

from hwflow.errors import UserError
from hwflow.models import ModelRecipe, find_recipe, read_tensors
from hwflow.results import RESULT_FILE, read_result


def begin_with(network: nn.Module, recipe: ModelRecipe, start: str, place: Path, seed: int) -> tuple[int, int]:
    """Fill `network`, of `recipe`, with the trained weights of the recipe `start` of the same model.

    Tensors of another shape, as those of the last layer for another number of classes, stay as they are. Returns how many
    tensors were taken, and of how many.

    Raises UserError if there is no such recipe, it has no weights, or none of its tensors fits; and if its result says that
    it has learned from the folder `place`, by its name, split otherwise than `recipe` splits it with `seed`: it would know
    images of the test part.
    """
    other = find_recipe(str(recipe.folder.parent), start)
    if not other.weights.is_file():
        raise UserError(
            f"{recipe.folder.name}: training.start names the recipe {start}, which has no trained weights; train it first"
        )
    _require_same_split(other.folder / RESULT_FILE, recipe, start, place, seed)
    own = network.state_dict()
    found = read_tensors(other.weights)
    fitting = {name: tensor for name, tensor in found.items() if name in own and own[name].shape == tensor.shape}
    if not fitting:
        raise UserError(f"{other.weights}: no tensor fits the network of {recipe.name}; take another training.start")
    network.load_state_dict(own | fitting)
    return len(fitting), len(own)


def _require_same_split(path: Path, recipe: ModelRecipe, start: str, place: Path, seed: int) -> None:
    if not path.is_file():
        return
    known = read_result(path)
    same = (known.protocol, known.seed) == (recipe.recipe.data.protocol, seed)
    if known.data in place.resolve().parts and not same:
        raise UserError(
            f"{recipe.name}: training.start names the recipe {start}, trained on {known.data} split by {known.split} with seed"
            f" {known.seed}, so it has seen images of this test part; train {start} by the same split and seed first"
        )
