# SPDX-License-Identifier: Apache-2.0
"""Bi-ShuffleNet as printed: what each option of the ablation changes, and nothing else."""

from typing import Any

import pytest
import torch
from torch import nn

from hwflow.errors import UserError
from hwflow.models import find_recipe
from hwflow.nn import Add, BinaryConv2d

PAPER = find_recipe("bi_shufflenet_paper", "neu")


def build(size: int = 64, channels: int = 1, **variant: Any) -> nn.Module:
    """A quarter of the paper's width, which changes no structure."""
    sizes = {**PAPER.recipe.model_dump(), "stem": 8, "head": 32, "variant": variant}
    sizes["input"] = {"channels": channels, "height": size, "width": size}
    network = PAPER.module.build(PAPER.module.RECIPE(**sizes))
    assert isinstance(network, nn.Module)
    return network


def kernels(network: nn.Module) -> list[tuple[int, int]]:
    """Kernel and stride of every spatial 1-bit convolution, in order."""
    convs = [m for m in network.modules() if isinstance(m, BinaryConv2d)]
    return [(conv.kernel_size[0], conv.stride[0]) for conv in convs if conv.kernel_size[0] > 1]


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(module, kind) for module in network.modules())


def test_the_papers_choice_has_the_layers_of_its_hardware_network() -> None:
    ours = PAPER.build()
    hardware = find_recipe("bi_shufflenet", "neu").build()
    sizes = [
        [tuple(m.weight.shape) for m in network.modules() if isinstance(m, BinaryConv2d)]
        for network in (ours, hardware)
    ]
    assert len(sizes[0]) == 70
    assert sizes[0] == sizes[1]
    assert sum(m.weight.numel() for m in ours.modules() if isinstance(m, BinaryConv2d)) == 1_466_496


def test_kernels_of_the_units() -> None:
    down = [(5, 2), (3, 1), (3, 2)]
    assert kernels(build())[:5] == [*down, (3, 1), (3, 1)]
    assert kernels(build(right=(5,)))[:3] == [(5, 2), (3, 2), (5, 1)]
    assert kernels(build(left=(3, 3), right=(5,)))[:4] == [(3, 1), (3, 2), (3, 2), (5, 1)]
    assert kernels(build(left=(3,), right=(3,)))[:3] == [(3, 2), (3, 2), (3, 1)]


@pytest.mark.parametrize(
    "down,basic,adds",
    [(False, False, 0), (True, False, 3 * (1 + 4)), (False, True, 13 * 4), (True, True, 3 * 5 + 13 * 4)],
)
def test_shortcuts(down: bool, basic: bool, adds: int) -> None:
    assert count(build(shortcut_down=down, shortcut_basic=basic), Add) == adds


def test_the_pool_of_the_shortcuts() -> None:
    assert (count(build(), nn.MaxPool2d), count(build(), nn.AvgPool2d)) == (1 + 3 * 2, 0)
    average = build(max_pool=False)
    assert (count(average, nn.MaxPool2d), count(average, nn.AvgPool2d)) == (1, 3 * 2)


@pytest.mark.parametrize("size", [33, 50, 64])
@pytest.mark.parametrize("variant", [{}, {"left": (3, 3), "right": (5,), "max_pool": False}])
def test_sizes_and_colours(size: int, variant: dict[str, Any]) -> None:
    network = build(size, 3, **variant)
    logits = network(torch.rand(2, 3, size, size))
    assert logits.shape == (2, 6)
    logits.sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not without


def test_an_even_kernel_is_refused(tmp_path: Any) -> None:
    folder = tmp_path / "net" / "odd"
    folder.mkdir(parents=True)
    (tmp_path / "net" / "network.py").write_text((PAPER.folder.parent / "network.py").read_text())
    text = (PAPER.folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(text + "variant: {right: [4]}\n")
    with pytest.raises(UserError, match="kernels must be odd, got 4"):
        find_recipe(str(tmp_path / "net"), "odd")
