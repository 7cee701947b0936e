# SPDX-License-Identifier: Apache-2.0
"""Powers of two: the scales that hardware has for nothing."""

import math


def is_power_of_two(x: float) -> bool:
    """True for 2^k with any integer k, also a negative one."""
    return x > 0 and math.frexp(x)[0] == 0.5
