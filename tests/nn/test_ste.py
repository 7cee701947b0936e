# SPDX-License-Identifier: Apache-2.0
"""What training runs gives the values and gradients of Brevitas' own graphs, bit for bit."""

import brevitas.nn as qnn
import pytest
import torch
from torch import Tensor, nn

from hwflow.models import find_recipe
from hwflow.nn import BinaryConv2d, RSign, StepQuant
from hwflow.nn.quantizers import Rounding


def edges(step: float) -> Tensor:
    """Values on, beside and far from every edge that rounding and clipping have, -0.0 too."""
    grid = torch.arange(-40, 41) * (step / 4)
    beside = [torch.nextafter(grid, torch.full_like(grid, end)) for end in (-99.0, 99.0)]
    return torch.cat([grid, *beside, torch.tensor([-0.0, 1e30, -1e30, 1e-30])]).view(1, 1, 1, -1)


def both_ways(module: nn.Module, brevitas: type[nn.Module], x: Tensor) -> None:
    found = []
    for forward in (module, lambda x: brevitas.forward(module, x)):
        module.zero_grad()
        leaf = x.clone().requires_grad_()
        out = forward(leaf)
        (out * torch.linspace(-3, 5, out.numel()).view_as(out)).sum().backward()
        found.append([out.detach(), leaf.grad, *(p.grad for p in module.parameters())])
    assert len(found[0]) >= 2
    for fast, slow in zip(*found, strict=True):
        assert torch.equal(fast, slow)


@pytest.mark.parametrize("rounding", ["round", "floor"])
@pytest.mark.parametrize("bits,step,signed", [(3, 0.5, True), (6, 0.25, True), (8, 2.0**-8, False), (2, 1.0, False)])
def test_step_quant(bits: int, step: float, signed: bool, rounding: Rounding) -> None:
    both_ways(StepQuant(bits, step, signed=signed, rounding=rounding).train(), qnn.QuantIdentity, edges(step))


def test_sign() -> None:
    both_ways(RSignWithoutShift(1).train(), qnn.QuantIdentity, edges(1.0))


class RSignWithoutShift(RSign):
    """gamma is 0 and takes no gradient, so that Brevitas' forward is the whole of it."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.gamma.requires_grad_(False)

    def parameters(self, recurse: bool = True):  # type: ignore[no-untyped-def]
        return iter(())


def test_weights() -> None:
    conv = BinaryConv2d(3, 2, 3).train()
    with torch.no_grad():
        conv.weight.flatten()[:8] = torch.tensor([0.0, -0.0, 1.0, -1.0, 1.0000001, -1.0000001, 1e-30, -5.0])
    x = torch.randint(0, 2, (2, 3, 5, 5)).float() * 2 - 1
    grads = []
    for training in (True, False):
        conv.train(training)
        conv.weight.grad = None
        out = conv(x)
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
        grads.append((out.detach(), conv.weight.grad))
    for fast, slow in zip(*grads, strict=True):
        assert torch.equal(fast, slow)


def test_a_network_learns_the_same() -> None:
    """Values and gradients of all parameters, of the whole network."""
    torch.manual_seed(3)
    network = find_recipe("bi_shufflenet", "mini").build().train()
    x = torch.randint(0, 256, (4, 1, 64, 64)) / 256
    found = []
    for fast in (True, False):
        network.zero_grad()
        for module in network.modules():
            if isinstance(module, (RSign, StepQuant, BinaryConv2d)):
                module.training = fast
        network(x).sum().backward()
        found.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    assert len(found[0]) > 100
    for fast_grad, slow_grad in zip(*found, strict=True):
        assert torch.equal(fast_grad, slow_grad)
