# SPDX-License-Identifier: Apache-2.0
"""Straight-through gradients.

The functions with a backward pass of their own are what training runs: one or two passes over a map where the quantisers'
own graphs take a dozen. They give bit for bit the values and the gradients of those graphs (tests compare them), which
stay the reference and what is exported.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def straight_through(value: Tensor, parameter: Tensor) -> Tensor:
    """Exactly `value` on the way forward, the gradient of `parameter` on the way back; same shapes.

    Written with a difference that is exactly 0, because `p + (v - p)` need not equal v in floating point.
    """
    return value.detach() + (parameter - parameter.detach())


def binarise(x: Tensor) -> Tensor:
    """+1 where x >= 0, else -1 (eq. 1); the gradient passes where |x| <= 1. Any shape."""
    out: Tensor = _Binarise.apply(x)  # type: ignore[no-untyped-call]
    return out


def quantise(x: Tensor, step: float, steps: tuple[int, int], floor: bool = False) -> Tensor:
    """Multiples of `step`, the nearest (ties to even) or, with `floor`, the one below, of which `steps` gives the range.

    The gradient passes where nothing was cut off. Any shape.
    """
    out: Tensor = _Quantise.apply(x, step, *steps, floor)  # type: ignore[no-untyped-call]
    return out


class _Binarise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        # -0.0 >= 0 holds, so the sign bit alone would be wrong.
        return (x >= 0).to(x.dtype).mul_(2).sub_(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        # The gradient of a clamp to [-1, 1], borders included, in one pass.
        out: Tensor = torch.ops.aten.hardtanh_backward(grad, x, *_OPEN)
        return out


_OPEN = (-1.0 - 2.0**-23, 1.0 + 2.0**-23)
"""hardtanh's gradient leaves out its borders; these are the float32 numbers just outside -1 and 1."""


class _Quantise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, step: float, low: int, high: int, floor: bool) -> Tensor:
        ratio = x / step
        whole = ratio.floor_() if floor else ratio.round_()
        clipped = whole.clamp(low, high)
        ctx.save_for_backward(clipped == whole)
        return clipped.mul_(step)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        (uncut,) = ctx.saved_tensors
        return grad * uncut, None, None, None, None
