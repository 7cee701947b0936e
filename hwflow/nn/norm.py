# SPDX-License-Identifier: Apache-2.0
"""BatchNorm as the export can say it."""

import struct

from torch import nn

EPS: float = struct.unpack("f", struct.pack("f", 1e-5))[0]
"""1e-5 as float32: ONNX keeps the attribute in float32, and the float64 reference must use the same number."""


class BatchNorm2d(nn.BatchNorm2d):
    """BatchNorm over N x C x H x W whose epsilon is a float32 number."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPS)
