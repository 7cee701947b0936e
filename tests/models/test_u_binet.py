# SPDX-License-Identifier: Apache-2.0
"""U-BiNet: the counts of the paper, shapes, the integer contract, its variants and refused recipes, its export."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import Tensor, nn

from hwflow.models import ModelRecipe, find_recipe
from hwflow.nn import (
    BatchNorm2d,
    BinaryConv2d,
    Concat,
    DepthToSpace,
    IntConv2d,
    RSiLU,
    StepQuant,
    UnitQuant,
    binary_weights,
)
from hwflow.nn.export import export_qonnx

SMALL = {"input": {"channels": 1, "height": 16, "width": 32}, "width": 2}


def _with_recipe(name: str, **changes: object) -> ModelRecipe:
    found = find_recipe("u_binet", name)
    recipe = found.module.RECIPE.model_validate(found.recipe.model_dump() | changes)
    return ModelRecipe(found.model, found.name, found.folder, recipe, found.module)


def _outputs(network: nn.Module, shape: tuple[int, int, int], kinds: tuple[type[nn.Module], ...]) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, out))
    pixels = torch.randint(0, 256, (1, *shape), generator=torch.Generator().manual_seed(5)).to(torch.float64) / 256
    with torch.no_grad():
        seen["logits"] = network.double().eval()(pixels)
    network.float()
    return seen


def _sizes(network: nn.Module, shape: tuple[int, int, int]) -> dict[str, tuple[int, int]]:
    """Height and width of each convolution's output, without its arithmetic."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _m, _i, out, name=name: sizes.__setitem__(name, tuple(out.shape[2:])))
    with torch.no_grad():
        network.to("meta")(torch.zeros(1, *shape, device="meta"))
    return sizes


def test_counts_of_the_paper() -> None:
    recipe = _with_recipe("paper-k4", input={"channels": 1, "height": 224, "width": 224}, k="float")
    network = recipe.build().eval()
    with torch.no_grad():
        for conv in network.modules():
            if isinstance(conv, BinaryConv2d):
                conv.real_weights = True  # Brevitas reads values, which a network on no device has none of
    sizes = _sizes(network, (1, 224, 224))
    convs = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    one_bit = {name: module for name, module in convs.items() if isinstance(module, BinaryConv2d)}
    assert len(one_bit) == 18
    assert {tuple(module.kernel_size) for module in one_bit.values()} == {(3, 3)}
    weights = {name: module.weight.numel() for name, module in convs.items()}
    assert sum(weights[name] for name in one_bit) == 7_059_744
    assert sum(weights[f"up{number}.conv"] for number in range(4)) == 696_320
    macs = sum(weights[name] * sizes[name][0] * sizes[name][1] for name in one_bit)
    assert round(macs / 1e9, 2) == 8.80
    assert [convs[f"merge{number}.0.conv"].in_channels for number in range(4)] == [64, 128, 256, 512]


def test_shapes_are_those_of_the_comments() -> None:
    network = find_recipe("u_binet", "mini").build()
    seen = _outputs(network, (1, 64, 64), (nn.Sequential, Concat, StepQuant))
    shapes = {name: tuple(value.shape[1:]) for name, value in seen.items()}
    assert [shapes[f"down{i}"] for i in range(5)] == [(8, 64, 64), (16, 32, 32), (32, 16, 16), (64, 8, 8), (128, 4, 4)]
    assert [shapes[f"concat{i}"] for i in range(4)] == [(16, 64, 64), (32, 32, 32), (64, 16, 16), (128, 8, 8)]
    assert [shapes[f"merge{i}"] for i in range(4)] == [(8, 64, 64), (16, 32, 32), (32, 16, 16), (64, 8, 8)]
    assert shapes["up0.quant"] == (32, 32, 32)
    assert shapes["logits"] == (2, 64, 64)


@pytest.mark.parametrize("k", [2, 4, 8])
def test_every_quantized_tensor_is_an_integer_in_its_range(k: int) -> None:
    torch.manual_seed(0)
    network = _with_recipe("mini", k=k, **SMALL).build()
    quants = {name: module for name, module in network.named_modules() if isinstance(module, StepQuant)}
    seen = _outputs(network, (1, 16, 32), (StepQuant,))
    assert len(quants) == 1 + 18 + 4
    for name, quant in quants.items():
        integers = seen[name] / quant.step
        assert torch.equal(integers, integers.round()), name
        assert integers.min() >= 0 and integers.max() < 2 ** (8 if name == "input" else k), name
    # both sides of a concatenation, and so every map
    assert {(q.bits, q.step) for name, q in quants.items() if name != "input"} == {(k, 2.0**-k)}


def test_hardware_has_no_float_weights() -> None:
    network = find_recipe("u_binet", "mini").build()
    convs = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    ints = {name: module.bits for name, module in convs.items() if isinstance(module, IntConv2d)}
    assert ints == {"down0.0.conv": 8, "head": 8} | {f"up{i}.conv": 4 for i in range(4)}
    assert all(isinstance(convs[name], BinaryConv2d) for name in convs.keys() - ints.keys())
    assert len(convs) == 18 + 4 + 1
    assert all(module.bias is None for module in convs.values())
    assert {module.border_value for module in convs.values() if isinstance(module, BinaryConv2d)} == {0}


def test_the_first_convolution_can_have_one_bit() -> None:
    network = _with_recipe("mini", bits={"first_weights": 1}).build()
    assert isinstance(network.get_submodule("down0.0.conv"), BinaryConv2d)


@pytest.mark.parametrize(("k", "levels"), [(2, 3), (4, 15), (8, 255), (16, 65535)])
def test_paper_quantises_by_equation_4(k: int, levels: int) -> None:
    network = _with_recipe("paper-k4", k=k, **SMALL).build()
    seen = _outputs(network, (1, 16, 32), (UnitQuant,))
    assert len(seen) == 1 + 18 + 4
    for value in seen.values():
        if value is not seen["logits"]:
            steps = value * levels
            # Brevitas keeps the step in float32.
            assert float((steps - steps.round()).abs().max()) < 1e-2
            assert steps.round().min() >= 0 and steps.round().max() <= levels


def test_paper_clips_at_32_bits_and_the_u_net_does_not() -> None:
    clipped = _outputs(_with_recipe("paper-k4", k=32, **SMALL).build(), (1, 16, 32), (nn.Hardtanh, RSiLU))
    assert clipped["down0.0.quant"].min() == 0 and len(clipped["down0.0.quant"].unique()) > 100
    assert torch.equal(clipped["down0.0.quant"], clipped["down0.0.act"].clamp(0, 1))
    unet = _with_recipe("unet", **SMALL).build()
    assert not [m for m in unet.modules() if isinstance(m, BinaryConv2d | RSiLU | StepQuant | UnitQuant)]
    seen = _outputs(unet, (1, 16, 32), (nn.SiLU, nn.Identity))
    assert seen["down0.0.act"].min() < 0
    assert torch.equal(seen["down0.0.quant"], seen["down0.0.act"])


@pytest.mark.parametrize(("name", "k"), [("paper-k4", k) for k in (2, 4, 8, 16, 32)] + [("mini", 4), ("unet", "float")])
def test_both_stages_reach_every_weight(name: str, k: object) -> None:
    torch.manual_seed(3)
    network = _with_recipe(name, k=k, **SMALL).build().train()
    for one_bit in (False, True):
        network.zero_grad()
        with binary_weights(network, one_bit):
            network(torch.rand(4, 1, 16, 32)).square().mean().backward()
        for path, parameter in network.named_parameters():
            assert parameter.grad is not None and bool(parameter.grad.any()), path


def test_colour_and_classes() -> None:
    recipe = _with_recipe("mini", input={"channels": 3, "height": 48, "width": 16}, classes=["back", "a", "b"], width=2)
    assert recipe.build()(torch.zeros(2, 3, 48, 16)).shape == (2, 3, 48, 16)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "mini",
            {"input": {"channels": 1, "height": 200, "width": 192}},
            "input: 200 x 192 cannot be halved 4 times; height and width must be multiples of 16",
        ),
        ("mini", {"k": 16}, "kind hardware needs k of 2, 4 or 8, not 16"),
        ("mini", {"k": 3}, "Input should be 2, 4, 8, 16, 32 or 'float'"),
        ("mini", {"weights": "real"}, "kind hardware needs weights binary"),
        ("paper-k4", {"bits": {"up_weights": 3}}, "bits belong to kind hardware"),
        ("paper-k4", {"weights": "real"}, "weights real and training.binary_weights disagree"),
        ("unet", {"weights": "binary"}, "weights binary and training.binary_weights disagree"),
        ("mini", {"bits": {"step": 0.3}}, "must be a power of two, got 0.3"),
    ],
)
def test_refused_recipes(name: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _with_recipe(name, **changes)


def test_an_up_convolution_is_a_strided_transposed_one() -> None:
    torch.manual_seed(2)
    up = _with_recipe("paper-k4", k="float", **SMALL).build().get_submodule("up0")
    weight = up.get_submodule("conv").weight  # [4 C, in, 1, 1]
    transposed = nn.ConvTranspose2d(4, 2, 2, stride=2)
    with torch.no_grad():
        transposed.weight.copy_(weight.reshape(2, 2, 2, 4).permute(3, 0, 1, 2))
        transposed.bias.zero_()  # type: ignore[union-attr]
        up.get_submodule("conv").bias.zero_()
    x = torch.rand(1, 4, 3, 5)
    assert isinstance(up.get_submodule("space"), DepthToSpace)
    torch.testing.assert_close(up(x), transposed(x))


def test_export_equals_pytorch_in_every_tensor() -> None:
    network = _with_recipe("mini", **SMALL).build()
    draw = torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, BatchNorm2d):
            module.running_mean.normal_(0, 1, generator=draw)
            module.running_var.uniform_(0.1, 9, generator=draw)
            module.weight.data.normal_(0, 1.5, generator=draw)
        elif isinstance(module, RSiLU):
            module.eta.data.normal_(0.3, 0.3, generator=draw)
    graph = ModelWrapper(export_qonnx(network.eval(), (1, 16, 32)))
    seen = _outputs(network, (1, 16, 32), (StepQuant, BinaryConv2d, IntConv2d, Concat, DepthToSpace, nn.MaxPool2d))
    pixels = torch.randint(0, 256, (1, 1, 16, 32), generator=torch.Generator().manual_seed(5)).numpy() / 256
    context = execute_onnx(graph, {"image": pixels.astype(np.float32)}, return_full_exec_context=True)
    assert len(seen) == 23 + 23 + 4 + 4 + 4 + 1
    for name, value in seen.items():
        if name != "head":  # its output is called logits
            np.testing.assert_array_equal(context[name], value.numpy(), err_msg=name)
