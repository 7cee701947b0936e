# SPDX-License-Identifier: Apache-2.0
"""RSign, RPReLU and RSiLU against equations 2, 3 and 6, and RPReLU against integer arithmetic."""

import pytest
import torch

from hwflow.nn import RPReLU, RSign, RSiLU, StepQuant

STEP = 0.5


def test_rsign_is_plus_one_from_gamma_on() -> None:
    sign = RSign(3).double().eval()
    gamma = torch.tensor([-0.7, 0.0, 1.3]).double().view(3, 1, 1)
    sign.gamma.data = gamma
    below = torch.nextafter(gamma, torch.tensor(-9.0).double())
    above = torch.nextafter(gamma, torch.tensor(9.0).double())
    out = sign(torch.cat([below, gamma, above], 2)[None])
    assert out[0, :, 0].tolist() == [[-1, 1, 1]] * 3


def test_rsign_at_minus_zero_is_plus_one() -> None:
    assert RSign(1)(torch.tensor(-0.0).view(1, 1, 1, 1)).item() == 1


def test_rsign_learns_its_threshold_near_it_only() -> None:
    sign = RSign(2)
    sign(torch.tensor([0.4, 5.0]).view(1, 2, 1, 1)).sum().backward()
    assert sign.gamma.grad is not None
    assert sign.gamma.grad.flatten().tolist() == [-1, 0]


def test_rprelu_is_equation_3() -> None:
    act = RPReLU(2).double()
    act.zeta.data[:, 0, 0] = torch.tensor([0.3, -1.1])
    act.eta.data[:, 0, 0] = torch.tensor([-0.2, 0.7])
    act.beta.data[:] = torch.tensor([0.1, 0.9])
    x = torch.linspace(-4, 4, 81, dtype=torch.float64).expand(1, 2, 1, 81)
    shifted = x - act.zeta
    expected = torch.where(shifted >= 0, shifted, act.beta.view(2, 1, 1) * shifted) + act.eta
    assert torch.equal(act(x), expected)


@pytest.mark.parametrize("step", [None, STEP])
def test_rprelu_never_falls(step: float | None) -> None:
    act = RPReLU(1, step)
    act.beta.data[:] = -0.4
    assert bool((act(torch.linspace(-4, 4, 81).view(1, 1, 1, 81)).diff() >= 0).all())


@pytest.mark.parametrize(
    ("learned", "used"),
    [(3.0, 1.0), (0.75, 1.0), (0.7, 0.5), (0.36, 0.5), (0.35, 0.25), (0.17, 0.125), (0.01, 0.125), (-1.0, 0.125)],
)
def test_hardware_slopes_are_the_nearest_power_of_two(learned: float, used: float) -> None:
    act = RPReLU(1, STEP)
    act.beta.data[:] = learned
    assert act.constants()[1].item() == used


def test_hardware_rprelu_and_floor_are_add_shift_add() -> None:
    torch.manual_seed(0)
    channels, bits = 64, 6
    act = RPReLU(channels, STEP).double().eval()
    act.zeta.data.normal_(0, 3)
    act.eta.data.normal_(0, 3)
    act.beta.data.uniform_(0, 1.2)
    stream = StepQuant(bits, STEP, rounding="floor").double().eval()
    sums = torch.arange(-36, 35)  # a 6-bit stream and a 3-bit branch
    out = stream(act((sums * STEP).double().expand(1, channels, 1, -1)))
    zeta, beta, eta = (value.flatten() for value in act.constants())
    shifts = {1.0: 0, 0.5: 1, 0.25: 2, 0.125: 3}
    for channel in range(channels):
        knee, lift = (int(v[channel].item() / STEP) for v in (zeta, eta))
        shift = shifts[beta[channel].item()]
        for position, total in enumerate(sums.tolist()):
            moved = total - knee
            expected = (moved if moved >= 0 else moved >> shift) + lift
            expected = min(max(expected, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)
            assert out[0, channel, 0, position].item() == expected * STEP


def test_rounded_parameters_still_learn() -> None:
    act = RPReLU(1, STEP)
    act(torch.tensor([-3.0, 2.0]).view(1, 1, 1, 2)).sum().backward()
    assert act.zeta.grad is not None and act.eta.grad is not None and act.beta.grad is not None
    assert act.zeta.grad.item() == pytest.approx(-1.25)
    assert act.eta.grad.item() == 2
    assert act.beta.grad.item() == -3


def test_rsilu_is_equation_6() -> None:
    act = RSiLU(1).double()
    act.zeta.data.fill_(0.4)
    act.eta.data.fill_(-0.3)
    x = torch.linspace(-6, 6, 121, dtype=torch.float64).view(1, 1, 1, 121)
    expected = (x - act.zeta) / (1 + torch.exp(act.zeta - x)) + act.eta
    torch.testing.assert_close(act(x), expected)
    assert bool((act(x).diff() < 0).any()), "RSiLU has a dip"
