# SPDX-License-Identifier: Apache-2.0
"""Activation and weight quantisers with a constant scale.

All of them export as QONNX `Quant` (or `BipolarQuant` at one bit) with constant scale, zero point 0 and full range.
Where the step is a power of two, dividing by it and multiplying by it are exact in float32 and float64 alike, so a
value of the network and the integer in hardware are the same thing.
"""

from typing import Literal

import brevitas.nn as qnn
from brevitas.core.function_wrapper import TensorClamp
from brevitas.core.utils import SingleArgStatelessBuffer
from brevitas.inject.enum import ScalingImplType
from brevitas.quant.base import IntQuant, PerTensorFloatScaling8bit
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from brevitas.quant.solver import ActQuantSolver, WeightQuantSolver
from torch import Tensor

from hwflow.nn.ste import quantise
from hwflow.powers import is_power_of_two

Rounding = Literal["round", "floor"]


class _ConstStep(IntQuant, PerTensorFloatScaling8bit):  # type: ignore[misc]
    # Brevitas divides the threshold `scaling_init` by the largest integer; divided by 1 instead, it is the step.
    scaling_impl_type = ScalingImplType.CONST
    int_scaling_impl = SingleArgStatelessBuffer(1.0)
    # A plain clamp: no gradient for what it cuts off.
    tensor_clamp_impl = TensorClamp


class ConstStepActivation(_ConstStep, ActQuantSolver):  # type: ignore[misc]
    """Activations as integers times the constant `scaling_init`."""


class ConstStepWeight(_ConstStep, WeightQuantSolver):  # type: ignore[misc]
    """Weights as integers times the constant `scaling_init`, one for the whole tensor."""


class UnitBinaryActivation(SignedBinaryActPerTensorConst):  # type: ignore[misc]
    """-1 below 0, +1 from 0 on (eq. 1); the gradient passes for |x| <= 1."""

    scaling_const = 1.0


class UnitBinaryWeight(SignedBinaryWeightPerTensorConst):  # type: ignore[misc]
    """-1 below 0, +1 from 0 on (eq. 1), without a scale; the gradient passes for |w| <= 1."""

    scaling_const = 1.0
    tensor_clamp_impl = TensorClamp


class StepQuant(qnn.QuantIdentity):  # type: ignore[misc]
    """Multiples of `step`, clipped to `bits` bits: [-2^(bits-1), 2^(bits-1) - 1] steps, or [0, 2^bits - 1] if unsigned.

    `rounding` "round" takes the nearest multiple, ties to the even one; "floor" the one below, which is what dropping
    the low bits of a two's complement number does. The gradient is straight-through inside the range and zero outside.

    Raises ValueError if `step` is no power of two, `bits` is under 2, or `rounding` is unknown.
    """

    def __init__(self, bits: int, step: float, *, signed: bool = True, rounding: Rounding = "round") -> None:
        if not is_power_of_two(step):
            raise ValueError(f"step must be a power of two, got {step}")
        if bits < 2:
            raise ValueError(f"StepQuant needs at least 2 bits, got {bits}; RSign is the one-bit quantiser")
        if rounding not in ("round", "floor"):
            raise ValueError(f"rounding must be 'round' or 'floor', got {rounding!r}")
        super().__init__(
            act_quant=ConstStepActivation,
            bit_width=bits,
            scaling_init=step,
            signed=signed,
            float_to_int_impl_type=rounding.upper(),
        )
        self.bits = bits
        self.step = step
        self.signed = signed
        self.rounding = rounding
        self.range = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return quantise(x, self.step, self.range, floor=self.rounding == "floor")
        out: Tensor = super().forward(x)
        return out

    def extra_repr(self) -> str:
        return f"bits={self.bits}, step={self.step}, signed={self.signed}, rounding={self.rounding!r}"


class UnitQuant(qnn.QuantIdentity):  # type: ignore[misc]
    """Eq. 4: round((2^k - 1) a) / (2^k - 1) with a clipped to [0, 1]; unsigned, ties to even.

    Its step 1/(2^k - 1) is no power of two: a network that adds such maps keeps one UnitQuant on both sides of the
    addition.
    """

    def __init__(self, bits: int) -> None:
        if bits < 1:
            raise ValueError(f"UnitQuant needs at least 1 bit, got {bits}")
        step = 1.0 / (2**bits - 1)
        super().__init__(act_quant=ConstStepActivation, bit_width=bits, scaling_init=step, signed=False)
        self.bits = bits
        self.step = step
        self.signed = False

    def extra_repr(self) -> str:
        return f"bits={self.bits}"
