# SPDX-License-Identifier: Apache-2.0
"""The real numbers that training keeps behind 1-bit weights, in 8 bits for a file."""

import torch
from torch import Tensor

LATENT_DTYPE = torch.float8_e5m2
_SMALLEST = 2.0**-16
"""The smallest magnitude of LATENT_DTYPE above 0."""


def shorten(latent: Tensor) -> Tensor:
    """`latent`, finite float values of any shape, rounded to LATENT_DTYPE so that binarising gives the same weights.

    A negative value never becomes 0, which would binarise to +1.
    """
    negative = latent < 0
    return torch.where(negative, latent.clamp(max=-_SMALLEST), latent).to(LATENT_DTYPE)
