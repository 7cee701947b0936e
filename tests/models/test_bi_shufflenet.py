# SPDX-License-Identifier: Apache-2.0
"""Bi-ShuffleNet: its shapes, the counts of the paper, odd sizes, and its QONNX export with unkind statistics."""

import numpy as np
import pytest
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import Tensor, nn

from hwflow.models import ModelRecipe, find_recipe
from hwflow.nn import BatchNorm2d, BinaryConv2d, IntConv2d, IntLinear, RPReLU, RSign, StepQuant
from hwflow.nn.export import export_qonnx


def _outputs(network: nn.Module, shape: tuple[int, int, int], kinds: tuple[type[nn.Module], ...]) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, out))
        for name, module in network.named_modules()
        if isinstance(module, kinds)
    ]
    pixels = torch.randint(0, 256, (1, *shape), generator=torch.Generator().manual_seed(5)).to(torch.float64) / 256
    with torch.no_grad():
        seen["logits"] = network.double().eval()(pixels)
    network.float()
    for hook in hooks:
        hook.remove()
    return seen


def _with_recipe(**changes: object) -> ModelRecipe:
    mini = find_recipe("bi_shufflenet", "mini")
    content = mini.recipe.model_dump() | changes
    recipe = mini.module.RECIPE.model_validate(content)
    return ModelRecipe(mini.model, mini.name, mini.folder, recipe, mini.module)


def test_shapes_are_those_of_the_comments() -> None:
    network = find_recipe("bi_shufflenet", "mini").build()
    seen = _outputs(network, (1, 64, 64), (nn.Sequential, StepQuant, nn.MaxPool2d))
    shapes = {name: tuple(value.shape[1:]) for name, value in seen.items()}
    assert shapes["input"] == (1, 64, 64)
    assert shapes["stem.pool"] == (16, 16, 16)
    assert shapes["stage2"] == (32, 8, 8)
    assert shapes["stage3"] == (64, 4, 4)
    assert shapes["stage4"] == (128, 2, 2)
    assert shapes["logits"] == (6,)
    assert network.pixels == 4


def test_full_size_has_the_counts_of_the_paper() -> None:
    network = find_recipe("bi_shufflenet", "neu").build()
    seen = _outputs(network, (1, 224, 224), (BinaryConv2d, IntConv2d))
    convs = {name: module for name, module in network.named_modules() if isinstance(module, BinaryConv2d | IntConv2d)}
    macs = {name: module.weight.numel() * seen[name].shape[2] * seen[name].shape[3] for name, module in convs.items()}
    one_bit = [name for name, module in convs.items() if isinstance(module, BinaryConv2d)]
    assert len(one_bit) == 70
    assert sum(convs[name].weight.numel() for name in one_bit) == 1_466_496
    assert round(sum(macs[name] for name in one_bit) / 1e9, 3) == 0.220
    assert macs["stem.conv"] == 24_385_536
    assert macs["head.conv"] == 9_633_792
    classifier = network.get_submodule("head.classifier")
    assert isinstance(classifier, IntLinear) and classifier.weight.numel() == 6144


def test_activations_stand_after_the_1x1_convolutions_only() -> None:
    network = find_recipe("bi_shufflenet", "mini").build()
    acts = {name.removesuffix(".act") for name, module in network.named_modules() if isinstance(module, RPReLU)}
    units = {name for name in acts if name.startswith("stage2")}
    assert units == {
        "stage2.0.left",
        "stage2.0.right.conv1",
        "stage2.0.right.conv4",
        "stage2.1.right.conv1",
        "stage2.1.right.conv4",
    }
    for name in units:
        stream = network.get_submodule(f"{name}.stream")
        assert isinstance(stream, StepQuant) and stream.rounding == "floor"
    assert network.get_submodule("stage2.1.right.conv2.stream").rounding == "round"


def test_every_quantized_tensor_is_an_integer_in_its_range() -> None:
    torch.manual_seed(0)
    network = find_recipe("bi_shufflenet", "mini").build()
    quants = {name: m for name, m in network.named_modules() if isinstance(m, StepQuant)}
    seen = _outputs(network, (1, 64, 64), (StepQuant,))
    for name, quant in quants.items():
        integers = seen[name] / quant.step
        assert torch.equal(integers, integers.round()), name
        low, high = (-(2 ** (quant.bits - 1)), 2 ** (quant.bits - 1) - 1) if quant.signed else (0, 2**quant.bits - 1)
        assert low <= integers.min() and integers.max() <= high, name


def test_shuffle_interleaves_the_branches() -> None:
    network = find_recipe("bi_shufflenet", "mini").build()
    seen = _outputs(network, (1, 64, 64), (nn.Module,))
    left, right = seen["stage2.0.left"], seen["stage2.0.right"]
    assert torch.equal(seen["stage2.0"][:, 0::2], left)
    assert torch.equal(seen["stage2.0"][:, 1::2], right)
    # A basic unit hands its first half on untouched.
    assert torch.equal(seen["stage2.1"][:, 0::2], seen["stage2.0"][:, :16])


@pytest.mark.parametrize("size", [(50, 70), (33, 33), (17, 40)])
def test_odd_maps_and_colour(size: tuple[int, int]) -> None:
    recipe = _with_recipe(input={"channels": 3, "height": size[0], "width": size[1]})
    network = recipe.build()
    seen = _outputs(network, (3, *size), (StepQuant, nn.Sequential))
    height, width = size
    for _ in range(5):
        height, width = -(-height // 2), -(-width // 2)
    assert seen["stage4"].shape[2:] == (height, width)
    assert network.pixels == height * width


def test_other_widths_depths_kernels_and_bits() -> None:
    recipe = _with_recipe(
        stem=8,
        stages=[{"units": 1, "width": 16}, {"units": 3, "width": 32}],
        kernels={"stem": 7, "down_left": 3, "down_right": 5, "basic": 5},
        bits={"stream": 8, "conv": 4, "step": 0.25, "head": 5, "stem_weights": 6},
    )
    network = recipe.build()
    seen = _outputs(network, (1, 64, 64), (nn.Sequential,))
    assert seen["stage3"].shape == (1, 32, 4, 4)
    assert network.get_submodule("stage3.2.right.conv2.conv").weight.shape == (16, 16, 5, 5)
    assert network.get_submodule("stage2.0.left.quant").bits == 4


def unkind(network: nn.Module, seed: int) -> None:
    """Statistics that a trained network may have, and its compiler must survive: gammas negative and 0, signs stuck."""
    draw = torch.Generator().manual_seed(seed)
    for name, module in network.named_modules():
        if isinstance(module, BatchNorm2d):
            spread = 2.0 if name.startswith(("stem", "head")) else 30.0
            module.running_mean.normal_(0, 1, generator=draw)
            module.running_var.uniform_(0.1, spread, generator=draw)
            module.weight.data.normal_(0, 1.5, generator=draw)
            module.bias.data.normal_(0, 0.7, generator=draw)
            module.weight.data[0] = 0.0
            module.weight.data[1] = -1.0
            module.running_mean[2] = 1e3
        elif isinstance(module, RSign):
            module.gamma.data.normal_(0, 0.7, generator=draw)
            module.gamma.data[3] = 100.0
        elif isinstance(module, RPReLU):
            for parameter in (module.zeta, module.eta):
                parameter.data.normal_(0, 1, generator=draw)
            module.beta.data.uniform_(0, 1.2, generator=draw)


def test_export_equals_pytorch_in_every_tensor() -> None:
    torch.manual_seed(1)
    recipe = _with_recipe(
        input={"channels": 1, "height": 24, "width": 16}, stem=4, stages=[{"units": 2, "width": 8}], head=8
    )
    network = recipe.build()
    unkind(network, seed=2)
    graph = ModelWrapper(export_qonnx(network.eval(), (1, 24, 16)))
    kinds = (StepQuant, RSign, BinaryConv2d, IntConv2d, nn.MaxPool2d)
    seen = _outputs(network, (1, 24, 16), kinds)
    pixels = torch.randint(0, 256, (1, 1, 24, 16), generator=torch.Generator().manual_seed(5)).numpy() / 256
    context = execute_onnx(graph, {"image": pixels.astype(np.float32)}, return_full_exec_context=True)
    assert len(seen) == 47
    for name, value in seen.items():
        np.testing.assert_array_equal(context[name], value.numpy(), err_msg=name)
