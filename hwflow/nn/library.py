# SPDX-License-Identifier: Apache-2.0
"""torchvision's ImageNet classifiers for other images and classes, from the user's own pretrained file if there is one.

Nothing is downloaded. A pretrained file is a state dict of torchvision's network: `.safetensors`, or a `.pth` as
torchvision publishes it, read without executing anything in it.
"""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from hwflow.errors import UserError
from hwflow.recipe import Recipe

# What torchvision's weights were trained with: RGB in [0, 1] minus the mean, over the standard deviation.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class LibraryRecipe(Recipe):
    """`pretrained`: a file of torchvision's weights of the network, relative to where the command runs."""

    pretrained: Path | None = None


class LibraryClassifier(nn.Module):
    """Pixels [N, C, H, W] in [0, 1) to logits [N, classes], by a torchvision network behind ImageNet's normalisation.

    `network` is untrained, `stem` and `head` are the paths in it of its first convolution and of its last fully
    connected layer. With one channel, the first convolution takes the sum of its kernels over R, G and B, which is what
    it makes of a grey image; the head is new.

    Raises UserError if the recipe's `pretrained` is no state dict of `network`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, recipe: LibraryRecipe, network: nn.Module, *, stem: str, head: str) -> None:
        super().__init__()
        channels, classes = recipe.input.channels, len(recipe.classes)
        if recipe.pretrained is not None:
            _fill(network, head, recipe.pretrained)
        conv, linear = network.get_submodule(stem), network.get_submodule(head)
        if not isinstance(conv, nn.Conv2d) or not isinstance(linear, nn.Linear):
            raise TypeError(f"{stem} and {head} must be a convolution and a fully connected layer")
        if channels == 1:
            conv.weight = nn.Parameter(conv.weight.detach().sum(1, keepdim=True))
            conv.in_channels = 1
        _replace(network, head, nn.Linear(linear.in_features, classes))
        self.network = network
        mean, std = torch.tensor(MEAN), torch.tensor(STD)
        if channels == 1:
            mean, std = mean.mean(0, keepdim=True), std.mean(0, keepdim=True)
        self.register_buffer("mean", mean.view(-1, 1, 1), persistent=False)
        self.register_buffer("std", std.view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network((x - self.mean) / self.std)
        return logits


def _replace(network: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(network.get_submodule(parent), name, module)


def _fill(network: nn.Module, head: str, path: Path) -> None:
    tensors = {name: tensor for name, tensor in _read(path).items() if not name.startswith(f"{head}.")}
    expected = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(f"{head}.")}
    optional = {name for name in expected if name.endswith("num_batches_tracked")}  # old files lack it
    for name in sorted(expected.keys() - tensors.keys() - optional):
        raise UserError(f"{path}: tensor {name} is missing; give torchvision's weights of this network")
    for name in sorted(tensors.keys() - expected.keys()):
        raise UserError(f"{path}: tensor {name} is not in this network; give torchvision's weights of it")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise UserError(f"{path}: tensor {name} has another shape here; give torchvision's weights of this network")
    network.load_state_dict(tensors, strict=False)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"{path}: no such file of pretrained weights; get it or leave out the key pretrained")
    try:
        if path.suffix == ".safetensors":
            tensors: dict[str, Tensor] = load_file(path)
            return tensors
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path}: cannot be read as pretrained weights ({reason})") from None
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path}: holds no state dict; save network.state_dict() alone")
    return content
