# SPDX-License-Identifier: Apache-2.0
"""The baselines of tables 1 and 2: their shapes, 1-bit and real forms, and pretrained weights from a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import shufflenet_v2_x0_5

from hwflow.errors import UserError
from hwflow.models import find_recipe
from hwflow.nn import BinaryConv2d, RPReLU, RSign
from hwflow.nn.library import LibraryClassifier, LibraryRecipe
from hwflow.nn.react import ShortcutConv
from hwflow.variants import changed


def _build(model: str, recipe: str = "neu", **changes: object) -> nn.Module:
    return changed(find_recipe(model, recipe), changes, "test").build()


def _shapes(network: nn.Module, *shape: int) -> dict[str, tuple[int, ...]]:
    seen: dict[str, tuple[int, ...]] = {}
    watched = {"", "stem", "blocks", "stage1", "stage2", "stage3", "stage4"}
    for name, module in network.named_modules():
        if name in watched:
            module.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, tuple(out.shape[1:])))
    with torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    return seen


def _of(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(module, kind) for module in network.modules())


@pytest.mark.parametrize("binary", [True, False])
def test_reactnet_has_the_shapes_of_its_comments(binary: bool) -> None:
    network = _build("reactnet_a", "mt", width=2, binary=binary)
    seen = _shapes(network, 3, 224, 224)
    assert (seen["stem"], seen["blocks"], seen[""]) == ((2, 112, 112), (64, 7, 7), (6,))
    # 13 blocks of a 3x3 and a 1x1; five of them double the channels with a second 1x1.
    assert _of(network, BinaryConv2d) == _of(network, RSign) == (31 if binary else 0)
    assert _of(network, nn.Conv2d) == 32
    assert _of(network, RPReLU) == 26


@pytest.mark.parametrize(("depth", "convs"), [(18, 16), (34, 32)])
@pytest.mark.parametrize("binary", [True, False])
def test_birealnet_has_the_shapes_of_its_comments(depth: int, convs: int, binary: bool) -> None:
    network = _build("birealnet", "mt", width=4, depth=depth, binary=binary)
    seen = _shapes(network, 3, 224, 224)
    assert (seen["stem"], seen["stage1"], seen["stage2"]) == ((4, 56, 56), (4, 56, 56), (8, 28, 28))
    assert (seen["stage3"], seen["stage4"], seen[""]) == ((16, 14, 14), (32, 7, 7), (6,))
    assert _of(network, BinaryConv2d) == (convs if binary else 0)
    # A shortcut past each; the stem and the three projections are real.
    assert _of(network, nn.Conv2d) == convs + 4
    assert _of(network, RPReLU) == convs


def test_strides_round_down() -> None:
    seen = _shapes(_build("birealnet", width=2), 1, 200, 200)
    assert [seen[f"stage{number}"][1:] for number in (1, 2, 3, 4)] == [(50, 50), (25, 25), (12, 12), (6, 6)]


def test_a_shortcut_passes_its_convolution() -> None:
    unit = ShortcutConv(2, 4, 3, stride=2, binary=True).eval()
    for conv in unit.convs:
        assert isinstance(conv, nn.Sequential) and isinstance(conv[2], nn.BatchNorm2d)
        conv[2].weight.data.zero_()  # the convolutions say nothing
    x = torch.rand(1, 2, 5, 5)
    pooled = nn.functional.avg_pool2d(x[..., :4, :4], 2)
    assert torch.equal(unit(x), torch.cat((pooled, pooled), 1))
    with pytest.raises(ValueError, match="takes 4 channels to a multiple of them"):
        ShortcutConv(4, 6, 3, binary=True)
    with pytest.raises(ValueError, match="kernel must be odd, got 2"):
        ShortcutConv(4, 4, 2, binary=False)


@pytest.mark.parametrize("model", ["reactnet_a", "birealnet", "resnet", "mobilenet_v2", "shufflenet_v2"])
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_and_any_number_of_classes_train(model: str, channels: int) -> None:
    small = {"width": 4} if model in ("reactnet_a", "birealnet") else {}
    image = {"channels": channels, "height": 64, "width": 64}
    network = _build(model, input=image, classes=["a", "b", "c"], **small)
    logits = network(torch.rand(2, channels, 64, 64))
    assert logits.shape == (2, 3)
    logits.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and bool(torch.isfinite(parameter.grad).all()), name


def test_both_recipes_of_every_baseline() -> None:
    for model in ("reactnet_a", "birealnet", "resnet", "mobilenet_v2", "shufflenet_v2"):
        assert find_recipe(model).name == "neu"
        assert find_recipe(model).recipe.input.shape == (1, 200, 200)
        assert find_recipe(model, "mt").recipe.input.shape == (3, 224, 224)


def _library(channels: int, pretrained: Path | None) -> LibraryClassifier:
    recipe = find_recipe("shufflenet_v2").recipe.model_dump()
    changes = {"input": {"channels": channels, "height": 64, "width": 64}, "pretrained": pretrained}
    network = shufflenet_v2_x0_5()
    return LibraryClassifier(LibraryRecipe(**recipe | changes), network, stem="conv1.0", head="fc").eval()


@pytest.mark.parametrize(
    ("name", "save"),
    [("w.safetensors", lambda tensors, path: save_file(tensors, path)), ("w.pth", torch.save)],
)
def test_pretrained_weights_serve_colour_and_grey(
    tmp_path: Path, name: str, save: Callable[[dict[str, torch.Tensor], Path], None]
) -> None:
    source = shufflenet_v2_x0_5()
    path = tmp_path / name
    save(dict(source.state_dict()), path)
    colour, grey = _library(3, path), _library(1, path)
    for key, tensor in source.state_dict().items():
        if not key.startswith(("fc.", "conv1.0.")):
            assert torch.equal(colour.network.state_dict()[key], tensor), key
            assert torch.equal(grey.network.state_dict()[key], tensor), key
    kernel = source.state_dict()["conv1.0.weight"]
    assert torch.equal(colour.network.state_dict()["conv1.0.weight"], kernel)
    # A grey image on the summed kernel is the same image three times on the kernel.
    x = torch.rand(1, 1, 32, 32)
    on_grey = grey.network.get_submodule("conv1.0")(x)
    on_colour = colour.network.get_submodule("conv1.0")(x.expand(1, 3, 32, 32))
    torch.testing.assert_close(on_grey, on_colour)
    assert grey(x).shape == colour(x.expand(1, 3, 32, 32)).shape == (1, 6)


def test_pretrained_weights_that_do_not_fit(tmp_path: Path) -> None:
    def refused(path: Path, message: str) -> None:
        with pytest.raises(UserError, match=message) as caught:
            _library(3, path)
        assert "\n" not in str(caught.value)

    refused(tmp_path / "gone.pth", r"gone\.pth: no such file of pretrained weights; get it or leave out the key")
    tensors = {key: tensor.clone() for key, tensor in shufflenet_v2_x0_5().state_dict().items()}
    path = tmp_path / "w.safetensors"

    def with_tensors(changed_tensors: dict[str, torch.Tensor]) -> Path:
        save_file(changed_tensors, path)
        return path

    key = "stage2.0.branch1.0.weight"
    refused(with_tensors({k: v for k, v in tensors.items() if k != key}), rf"tensor {key} is missing")
    refused(with_tensors(tensors | {"own": torch.zeros(1)}), "tensor own is not in this network")
    refused(with_tensors(tensors | {key: torch.zeros(1)}), f"tensor {key} has another shape here")
    path.write_bytes(b"no tensors")
    refused(path, "cannot be read as pretrained weights")
    (tmp_path / "w.pth").write_bytes(b"no tensors")
    refused(tmp_path / "w.pth", "cannot be read as pretrained weights")
    torch.save(shufflenet_v2_x0_5(), tmp_path / "whole.pth")
    refused(tmp_path / "whole.pth", "cannot be read as pretrained weights")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(tmp_path / "list.pth", "holds no state dict")


def test_old_weights_without_batch_counters_fit(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    tensors = {k: v for k, v in shufflenet_v2_x0_5().state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(tensors, path)
    assert _library(3, path)(torch.rand(1, 3, 32, 32)).shape == (1, 6)
