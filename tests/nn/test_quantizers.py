# SPDX-License-Identifier: Apache-2.0
"""Quantisers against their formulas, in float32 and float64, at ties and at both ends of the range."""

import numpy as np
import pytest
import torch

from hwflow.nn import StepQuant, UnitQuant


def _values(step: float) -> torch.Tensor:
    # Every eighth of a step from far below to far above the range: ties, edges and everything between.
    return torch.arange(-200, 200, dtype=torch.float64) * (step / 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("bits", "step", "signed"), [(3, 0.5, True), (6, 0.5, True), (4, 0.25, True), (2, 2.0, False)])
@pytest.mark.parametrize("rounding", ["round", "floor"])
def test_step_quant_is_its_formula(dtype: torch.dtype, bits: int, step: float, signed: bool, rounding: str) -> None:
    quant = StepQuant(bits, step, signed=signed, rounding=rounding).to(dtype).eval()  # type: ignore[arg-type]
    x = _values(step).to(dtype)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    nearest = np.rint if rounding == "round" else np.floor
    expected = np.clip(nearest(x.double().numpy() / step), low, high) * step
    out = quant(x)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out.double().numpy(), expected)


def test_pixels_pass_the_input_quantizer_unchanged() -> None:
    pixels = torch.arange(256.0) / 256
    assert torch.equal(StepQuant(8, 2.0**-8, signed=False)(pixels), pixels)


@pytest.mark.parametrize("rounding", ["round", "floor"])
def test_gradient_passes_inside_the_range_only(rounding: str) -> None:
    x = torch.tensor([-2.6, -1.9, 0.0, 0.3, 1.4, 2.6], requires_grad=True)
    StepQuant(3, 0.5, rounding=rounding)(x).sum().backward()  # type: ignore[arg-type]
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_unit_quant_is_equation_4(bits: int) -> None:
    x = torch.linspace(-0.5, 1.5, 1001)
    levels = 2**bits - 1
    expected = np.rint(levels * x.clamp(0, 1).double().numpy()) / levels
    np.testing.assert_allclose(UnitQuant(bits)(x).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bits": 3, "step": 0.3}, "step must be a power of two, got 0.3"),
        ({"bits": 3, "step": -0.5}, "step must be a power of two"),
        ({"bits": 1, "step": 0.5}, "at least 2 bits, got 1"),
        ({"bits": 3, "step": 0.5, "rounding": "up"}, "rounding must be"),
    ],
)
def test_impossible_quantizers_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StepQuant(**arguments)  # type: ignore[arg-type]
