# SPDX-License-Identifier: Apache-2.0
"""The rule of counting, on networks small enough to count by hand."""

import brevitas.nn as qnn
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from hwflow.count.counter import count
from hwflow.count.counts import Counts
from hwflow.errors import UserError
from hwflow.nn import BatchNorm2d, BinaryConv2d, GlobalSum, IntConv2d, RPReLU, RSign, RSiLU, StepQuant


def _flops(network: nn.Module, *shape: int) -> int:
    counts = count(network, shape)
    assert counts.bops == 0
    assert counts.uncounted == ()
    return counts.flops


def test_the_rule_on_one_layer_of_each_kind() -> None:
    network = nn.Sequential(
        IntConv2d(1, 4, 3, stride=2, bits=8),  # 4 x 8 x 8 outputs of 9 products: 2304
        BatchNorm2d(4),  # 2 x 256
        RPReLU(4),  # 256
        StepQuant(6, 0.5),
        nn.MaxPool2d(2),  # 256 inputs
        RSign(4),
        BinaryConv2d(4, 8, 3),  # 8 x 4 x 4 outputs of 36 products, 1-bit: 4608
        BatchNorm2d(8),  # 2 x 128
        RSiLU(8),  # 128
        GlobalSum(),  # 128
        nn.Linear(8, 3),  # 24
    )
    expected = Counts(
        params=36 + 8 + 12 + 4 + 288 + 16 + 16 + 27,
        weight_bits=36 * 8 + 288 * 1 + 27 * 32,
        bops=4608,
        flops=2304 + 512 + 256 + 256 + 256 + 128 + 128 + 24,
    )
    assert count(network, (1, 16, 16)) == expected
    assert expected.ops == 4608 / 64 + expected.flops
    assert expected.as_json()["ops"] == 72 + expected.flops


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (nn.Conv2d(4, 6, 3, padding=1, groups=2), (4, 5, 5), 6 * 25 * 18),
        (nn.Conv2d(4, 4, 3, groups=4), (4, 5, 5), 4 * 9 * 9),
        (nn.ConvTranspose2d(4, 6, 2, stride=2), (4, 5, 5), 25 * 4 * 6 * 4),
        (nn.Conv1d(2, 3, 3), (2, 10), 3 * 8 * 6),
        (nn.ReLU(inplace=True), (2, 3, 3), 18),
        (nn.ReLU6(), (2, 3, 3), 18),
        (nn.PReLU(), (2, 3, 3), 18),
        (nn.SiLU(), (2, 3, 3), 18),
        (nn.Hardswish(), (2, 3, 3), 18),
        (nn.AvgPool2d(2), (2, 5, 4), 40),
        (nn.AdaptiveAvgPool2d(1), (2, 5, 4), 40),
        (nn.AdaptiveAvgPool2d(2), (2, 5, 4), 40),
        (nn.AdaptiveMaxPool2d(1), (2, 5, 4), 40),
        (nn.BatchNorm2d(2), (2, 5, 4), 80),
        (nn.LayerNorm(4), (2, 5, 4), 80),
        (nn.Softmax(1), (2, 5, 4), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_layers_of_torch(layer: nn.Module, shape: tuple[int, ...], flops: int) -> None:
    assert _flops(layer, *shape) == flops


class _Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(4, 1, 3, 3))
        self.matrix = nn.Parameter(torch.ones(4, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(F.conv2d(x, self.kernel)), 2)
        return x.mean((2, 3)) @ self.matrix


def test_functions_count_as_modules_do() -> None:
    assert _flops(_Functional(), 1, 6, 6) == 4 * 16 * 9 + 64 + 64 + 4 * 4 + 20


def test_attention_and_recurrence_hide_no_product() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.attention(x, x, x, need_weights=False)[0]
            return out

    # Four projections of 5 vectors, and for each of two heads 5 x 5 products of 4, twice.
    assert _flops(Attention(), 5, 8) == 4 * 5 * 8 * 8 + 2 * 2 * 5 * 5 * 4
    # Four gates, from 4 inputs and from 6 states; 3 sigmoids and 2 tanhs a state.
    assert _flops(nn.LSTM(4, 6, batch_first=True), 5, 4) == 5 * (4 * 6 * (4 + 6) + 5 * 6)


def test_what_is_not_counted_is_named() -> None:
    class Partly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 1)
            self.scale = nn.Parameter(torch.ones(2, 1, 1))
            self.spare = nn.Linear(3, 4)
            self.lent = nn.Linear(2, 2, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.conv(x) * self.scale
            return out

    class Lending(Partly):
        def forward(self, x: Tensor) -> Tensor:
            # A product of its own: then its scale cannot be told from what took part, but its children can.
            return super().forward(x).mean((2, 3)) @ self.lent.weight

    scale = "the network itself (Partly, 2 parameters): nothing in it that the rule counts"
    spare = "spare (Linear, 16 parameters): never called"
    assert count(Partly(), (1, 2, 2)).uncounted == (scale, spare, "lent (Linear, 4 parameters): never called")
    assert count(Lending(), (1, 2, 2)).uncounted == (spare,)


def test_an_operator_that_nobody_knows_is_named() -> None:
    library = torch.library.Library("hwflow_test", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x + x, "CompositeExplicitAutograd")

    class Strange(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = torch.ops.hwflow_test.twice(x)
            return out

    assert count(Strange(), (2,)).uncounted == ("operator hwflow_test.twice: not known to the rule",)


def test_a_convolution_says_whether_it_is_one_bit() -> None:
    own = nn.Conv2d(1, 1, 1, bias=False)
    own.one_bit = True
    wide = BinaryConv2d(1, 1, 1)
    wide.one_bit = False
    assert count(own, (1, 2, 2)) == Counts(params=1, weight_bits=1, bops=4, flops=0)
    # 1-bit weights on wider activations: real products, small weights.
    assert count(wide, (1, 2, 2)) == Counts(params=1, weight_bits=1, bops=0, flops=4)
    training = BinaryConv2d(1, 1, 1)
    training.real_weights = True
    assert count(training, (1, 2, 2)).bops == 4


def test_quantised_and_parametrised_layers_of_others() -> None:
    network = nn.Sequential(
        qnn.QuantConv2d(1, 2, 3, weight_bit_width=4, bias=True),  # 2 x 3 x 3 outputs of 9 products
        qnn.QuantReLU(bit_width=4),
        weight_norm(nn.Conv2d(2, 2, 1, bias=False)),  # 2 x 3 x 3 outputs of 2 products
    )
    counts = count(network, (1, 5, 5))
    assert counts.flops == 162 + 18 + 36
    assert counts.weight_bits == 18 * 4 + 2 * 32 + (4 + 2) * 32
    assert counts.uncounted == ()


def test_torchscript_is_refused() -> None:
    traced = torch.jit.trace(nn.Conv2d(1, 1, 1).eval(), torch.zeros(1, 1, 2, 2))
    with pytest.raises(UserError, match="is TorchScript; count the module that it was made from"):
        count(nn.Sequential(traced), (1, 2, 2))


def test_a_layer_that_is_used_twice_counts_twice_and_its_weights_once() -> None:
    layer = nn.Linear(3, 3, bias=False)
    counts = count(nn.Sequential(layer, layer), (3,))
    assert (counts.params, counts.weight_bits, counts.flops) == (9, 9 * 32, 18)
    assert count(layer.half(), (3,)).weight_bits == 9 * 16


def test_the_network_is_as_before() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout())
    network[2].eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    count(network.double(), (1, 4, 4))
    assert network.training and network[1].training and not network[2].training
    for name, tensor in network.float().state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    with pytest.raises(UserError, match="Sequential does not run on an input of 3x4x4: "):
        count(network, (3, 4, 4))
    assert network.training and not any(module._forward_hooks for module in network.modules())
