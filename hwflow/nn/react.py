# SPDX-License-Identifier: Apache-2.0
"""What ReActNet-A and BiRealNet have in common: a convolution behind RSign with a shortcut past it, 1-bit or real.

Maps are N x C x H x W. Every stride of 2 halves the map rounding **down**, as the operation counts of Sensors 2021, 21,
6868 (tables 1 and 2, images of 200x200) need; `BinaryConv2d` alone would round up.
"""

import torch
from torch import Tensor, nn

from hwflow.nn.activations import RPReLU, RSign
from hwflow.nn.conv import BinaryConv2d
from hwflow.nn.norm import BatchNorm2d


def sign_conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, binary: bool) -> nn.Sequential:
    """RSign, 1-bit convolution, BatchNorm; with `binary` false a real convolution and BatchNorm, of the same shape.

    Raises ValueError if `kernel` is even.
    """
    norm = BatchNorm2d(out_channels)
    if binary:
        return nn.Sequential(RSign(in_channels), BinaryConv2d(in_channels, out_channels, kernel, stride), norm)
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd, got {kernel}")
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False), norm)


class EvenSize(nn.Module):
    """Without the last row and column where a size is odd, so that a stride of 2 rounds down on every path."""

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
        return x[..., :height, :width]


class ShortcutConv(nn.Module):
    """`sign_conv` with a shortcut past it, and an RPReLU on the sum.

    With `stride` 2 the shortcut is a 2x2 mean. Where the channels change, it goes through `project` (from in_channels
    to out_channels, size kept); without `project` the convolution stands once for each in_channels of the output, each
    past the same shortcut, and the results are concatenated (ReActNet).

    Raises ValueError if out_channels is no multiple of in_channels and `project` is missing.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        *,
        binary: bool,
        project: nn.Module | None = None,
    ) -> None:
        super().__init__()
        copies, rest = (1, 0) if project is not None else divmod(out_channels, in_channels)
        if rest or not copies:
            raise ValueError(f"a shortcut without a projection takes {in_channels} channels to a multiple of them")
        self.even = EvenSize() if stride == 2 else nn.Identity()
        self.convs = nn.ModuleList(
            sign_conv(in_channels, out_channels // copies, kernel, stride, binary=binary) for _ in range(copies)
        )
        self.pool = nn.AvgPool2d(2, stride=2) if stride == 2 else nn.Identity()
        self.project = nn.Identity() if project is None else project
        self.act = RPReLU(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.even(x)
        shortcut = self.project(self.pool(x))
        out: Tensor = self.act(torch.cat([conv(x) + shortcut for conv in self.convs], 1))
        return out
