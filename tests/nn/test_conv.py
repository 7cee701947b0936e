# SPDX-License-Identifier: Apache-2.0
"""Convolutions: -1 at the border, weights of +-1 without a scale, integer weights on a power-of-two grid."""

import pytest
import torch
import torch.nn.functional as F

from hwflow.nn import BinaryConv2d, IntConv2d, IntLinear, binary_weights
from hwflow.nn.quantizers import is_power_of_two


def _bipolar(*shape: int) -> torch.Tensor:
    return torch.randint(0, 2, shape).double() * 2 - 1


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(6, 6), (7, 5), (1, 1)])
def test_binary_conv_pads_with_minus_one(kernel: int, stride: int, size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    conv = BinaryConv2d(3, 4, kernel, stride).double().eval()
    conv.weight.data[0, 0, 0, 0] = 0.0  # counts as +1
    x = _bipolar(2, 3, *size)
    border = kernel // 2
    bordered = -torch.ones(2, 3, size[0] + 2 * border, size[1] + 2 * border).double()
    bordered[:, :, border : border + size[0], border : border + size[1]] = x
    expected = F.conv2d(bordered, torch.where(conv.weight >= 0, 1.0, -1.0).double(), stride=stride)
    out = conv(x)
    assert torch.equal(out, expected)
    assert out.shape[2:] == tuple(-(-s // stride) for s in size)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("real", [True, False])
def test_an_unsigned_map_is_padded_with_zero(stride: int, real: bool) -> None:
    torch.manual_seed(1)
    conv = BinaryConv2d(3, 4, 3, stride, border_value=0.0).double().eval()
    x = torch.randint(0, 16, (2, 3, 7, 6)).double()
    weight = conv.weight if real else torch.where(conv.weight >= 0, 1.0, -1.0).double()
    with binary_weights(conv, not real):
        torch.testing.assert_close(conv(x), F.conv2d(x, weight, stride=stride, padding=1), rtol=0, atol=1e-12)


def test_real_weights_within_the_context_only() -> None:
    torch.manual_seed(2)
    conv = BinaryConv2d(2, 2, 1)
    x = _bipolar(1, 2, 3, 3).float()
    with binary_weights(conv, False):
        assert torch.equal(conv(x), F.conv2d(x, conv.weight))
    assert torch.equal(conv(x), conv(x).round())


def test_binary_weights_learn_inside_one_only() -> None:
    conv = BinaryConv2d(2, 1, 1)
    conv.weight.data = torch.tensor([0.3, 1.7]).view(1, 2, 1, 1)
    conv(torch.ones(1, 2, 1, 1)).sum().backward()
    assert conv.weight.grad is not None
    assert conv.weight.grad.flatten().tolist() == [1, 0]


def test_even_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="kernel must be odd, got 4"):
        BinaryConv2d(1, 1, 4)


@pytest.mark.parametrize("bits", [4, 8])
def test_integer_weights_lie_on_their_grid(bits: int) -> None:
    torch.manual_seed(3)
    layers = [IntConv2d(5, 7, 3, bits=bits), IntLinear(100, 6, bits=bits)]
    for layer in layers:
        assert is_power_of_two(layer.step)
        layer.weight.data[0, 0] = 1e3
        layer.weight.data[1, 0] = -1e3
        integers = layer.quant_weight().value / layer.step
        assert torch.equal(integers, integers.round())
        assert integers.max() == 2 ** (bits - 1) - 1
        assert integers.min() == -(2 ** (bits - 1))


def test_initial_weights_use_their_range() -> None:
    torch.manual_seed(4)
    for layer in (IntConv2d(1, 24, 9, stride=2, bits=8), IntConv2d(192, 64, 1, bits=4), IntLinear(1024, 6, bits=8)):
        integers = layer.quant_weight().value / layer.step
        assert integers.std() > 2 ** (layer.bits - 1) / 10, "half of the range is used at least"
        assert (integers == 2 ** (layer.bits - 1) - 1).double().mean() < 0.01, "little is cut off"
