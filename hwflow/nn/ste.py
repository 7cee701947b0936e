# SPDX-License-Identifier: Apache-2.0
"""Straight-through gradients."""

from torch import Tensor


def straight_through(value: Tensor, parameter: Tensor) -> Tensor:
    """Exactly `value` on the way forward, the gradient of `parameter` on the way back; same shapes.

    Written with a difference that is exactly 0, because `p + (v - p)` need not equal v in floating point.
    """
    return value.detach() + (parameter - parameter.detach())
