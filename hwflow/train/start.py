# SPDX-License-Identifier: Apache-2.0
"""Beginning a training with what another one learned."""

from torch import nn

from hwflow.errors import UserError
from hwflow.models import ModelRecipe, find_recipe, read_tensors


def begin_with(network: nn.Module, recipe: ModelRecipe, start: str) -> tuple[int, int]:
    """Fill `network`, of `recipe`, with the trained weights of the recipe `start` of the same model.

    Tensors of another shape, as those of the last layer for another number of classes, stay as they are. Returns how many
    tensors were taken, and of how many.

    Raises UserError if there is no such recipe, it has no weights, or none of its tensors fits.
    """
    other = find_recipe(str(recipe.folder.parent), start)
    if not other.weights.is_file():
        raise UserError(
            f"{recipe.folder.name}: training.start names the recipe {start}, which has no trained weights; train it first"
        )
    own = network.state_dict()
    found = read_tensors(other.weights)
    fitting = {name: tensor for name, tensor in found.items() if name in own and own[name].shape == tensor.shape}
    if not fitting:
        raise UserError(f"{other.weights}: no tensor fits the network of {recipe.name}; take another training.start")
    network.load_state_dict(own | fitting)
    return len(fitting), len(own)
