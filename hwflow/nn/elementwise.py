# SPDX-License-Identifier: Apache-2.0
"""Operations without parameters, as modules, so that their outputs have a name in the network."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Add(nn.Module):
    """a + b, unclipped; same shapes."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class ChannelSplit(nn.Module):
    """The first and the second half of the channels."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        left, right = torch.split(x, x.shape[1] // 2, 1)
        return left, right


class ChannelShuffle(nn.Module):
    """Concatenates two maps of C channels and interleaves them: channels 2i and 2i + 1 are channel i of `left` and of
    `right`."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        both = torch.cat((left, right), 1)
        n, channels, height, width = (int(d) for d in both.shape)
        grouped = both.reshape(n, 2, channels // 2, height, width)
        return grouped.transpose(1, 2).reshape(n, channels, height, width)


class Concat(nn.Module):
    """The channels of `left`, then those of `right`; both maps of one size."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.cat((left, right), 1)


class DepthToSpace(nn.Module):
    """[N, 4C, H, W] -> [N, C, 2H, 2W]: channel 4c + 2i + j is the pixel (2y + i, 2x + j) of channel c."""

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, 2)


class GlobalSum(nn.Module):
    """Sum over all pixels, [N, C, H, W] -> [N, C]: the mean without its division, so that integers stay integers."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))
