# SPDX-License-Identifier: Apache-2.0
"""Activations with learnable shifts per channel: RSign (eq. 2), RPReLU (eq. 3) and RSiLU (eq. 6) of the paper.

Maps are N x C x H x W; every parameter has one value a channel.
"""

import brevitas.nn as qnn
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hwflow.nn.quantizers import UnitBinaryActivation
from hwflow.nn.ste import binarise, straight_through
from hwflow.powers import is_power_of_two

SLOPES = (1.0, 0.5, 0.25, 0.125)
"""Slopes of an RPReLU that an arithmetic shift right by 0 to 3 bits realises."""


class RSign(qnn.QuantIdentity):  # type: ignore[misc]
    """+1 where x >= gamma of its channel, else -1 (eq. 2). The gradient passes where |x - gamma| <= 1."""

    def __init__(self, channels: int) -> None:
        super().__init__(act_quant=UnitBinaryActivation)
        self.gamma = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return binarise(x - self.gamma)
        out: Tensor = super().forward(x - self.gamma)
        return out


class RPReLU(nn.Module):
    """PReLU whose knee is moved to (zeta, eta) (eq. 3): x - zeta + eta from zeta on, beta (x - zeta) + eta below.

    beta never goes below 0, so the function is monotone, and a list of thresholds can stand for it and the quantiser
    after it. With `step`, the parameters used are the nearest that cost no multiplier: zeta and eta multiples of `step`
    (ties to even), beta a power of two out of SLOPES. On a map of multiples of `step`, a quantiser that floors after it
    makes it add, shift, add. The parameters learned stay real and take the gradient as if nothing were rounded.

    Raises ValueError if `step` is no power of two.
    """

    def __init__(self, channels: int, step: float | None = None) -> None:
        super().__init__()
        if step is not None and not is_power_of_two(step):
            raise ValueError(f"step must be a power of two, got {step}")
        self.step = step
        self.zeta = nn.Parameter(torch.zeros(channels, 1, 1))
        self.beta = nn.Parameter(torch.full((channels,), 0.25))
        self.eta = nn.Parameter(torch.zeros(channels, 1, 1))

    def constants(self) -> tuple[Tensor, Tensor, Tensor]:
        """zeta [C, 1, 1], beta [C] and eta [C, 1, 1] as the forward pass uses them."""
        if self.step is None:
            return self.zeta, straight_through(self.beta.clamp(min=0.0), self.beta), self.eta
        return _to_step(self.zeta, self.step), _to_slope(self.beta), _to_step(self.eta, self.step)

    def forward(self, x: Tensor) -> Tensor:
        zeta, beta, eta = self.constants()
        return F.prelu(x - zeta, beta) + eta


class RSiLU(nn.Module):
    """SiLU whose origin is moved to (zeta, eta) (eq. 6): (x - zeta) sigmoid(x - zeta) + eta.

    It has a dip left of zeta, so it is not monotone: no plain threshold list realises it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.zeta = nn.Parameter(torch.zeros(channels, 1, 1))
        self.eta = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        shifted = x - self.zeta
        return shifted * torch.sigmoid(shifted) + self.eta


def _to_step(shift: Tensor, step: float) -> Tensor:
    return straight_through(torch.round(shift / step) * step, shift)


def _to_slope(beta: Tensor) -> Tensor:
    slope = torch.full_like(beta, SLOPES[-1])
    for lower, upper in zip(SLOPES[:0:-1], SLOPES[-2::-1], strict=True):
        # The geometric mean parts two powers of two: nearest in ratio, not in difference.
        slope = torch.where(beta > (lower * upper) ** 0.5, upper, slope)
    return straight_through(slope, beta)
