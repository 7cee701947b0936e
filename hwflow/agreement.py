# SPDX-License-Identifier: Apache-2.0
"""Whether two engines label the same images alike, and where they do not."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Agreement:
    """`differing` of `labels` labels differ (one an image, or one a pixel), in the images of the given indices."""

    labels: int
    differing: int
    images: tuple[int, ...]


def compare(found: Tensor, reference: Tensor) -> Agreement:
    """Compare labels [N, ...] of one shape."""
    differs = found != reference
    images = differs.flatten(1).any(1) if differs.ndim > 1 else differs
    return Agreement(differs.numel(), int(differs.sum()), tuple(images.nonzero().flatten().tolist()))
