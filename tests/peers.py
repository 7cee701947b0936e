# SPDX-License-Identifier: Apache-2.0
"""Networks of others: Brevitas' own examples (`brevitas_examples.bnn_pynq`), and small ones of its layers at odd sizes.

None is trained. `trained_like` gives them what training leaves behind: BatchNorm statistics that match the accumulators,
gammas of both signs, shifts. Pixels are k / 255 here, as torchvision's ToTensor makes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx
from brevitas.quant import Int8WeightPerChannelFloat, Int8WeightPerTensorFloat
from brevitas_examples.bnn_pynq.models import model_with_cfg
from brevitas_examples.bnn_pynq.models.common import CommonActQuant, CommonWeightQuant
from brevitas_examples.bnn_pynq.models.tensor_norm import TensorNorm
from torch import Tensor, nn

EXAMPLES = (
    *(f"{size}_{bits}" for size in ("tfc", "sfc", "cnv") for bits in ("1w1a", "1w2a", "2w2a")),
    "lfc_1w1a",
    "lfc_1w2a",
)
"""The networks of bnn_pynq without its ResNet, which the integer contract does not cover."""
QUANTISED = (qnn.QuantIdentity, qnn.QuantReLU)


def example(name: str, seed: int | None = 0) -> nn.Module:
    """A network of bnn_pynq in eval mode, with random weights; `seed` None: all else as it is before training."""
    torch.manual_seed(seed or 0)
    network: nn.Module = model_with_cfg(name, False)[0]
    if seed is not None:
        trained_like(network, seed)
    return network.eval()


def example_shape(name: str) -> tuple[int, int, int]:
    """Channels, rows and columns of its picture."""
    return (3, 32, 32) if name.startswith("cnv") else (1, 28, 28)


def trained_like(network: nn.Module, seed: int) -> None:
    """Random statistics and parameters for every normalisation, by the fan-in of the layer before it."""
    generator = torch.Generator().manual_seed(seed)
    fan_in = 1.0
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data.uniform_(-1, 1, generator=generator)
            fan_in = float(module.weight[0].numel())
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5 * fan_in**0.5, generator=generator)
            module.running_var.uniform_(0.2 * fan_in, fan_in, generator=generator)
            module.weight.data.normal_(0, 1, generator=generator)
            module.bias.data.normal_(0, 0.3, generator=generator)
        elif isinstance(module, TensorNorm):
            module.running_mean.normal_(0, 2, generator=generator)
            module.running_var.uniform_(1, 300, generator=generator)
            module.weight.data.uniform_(0.5, 2, generator=generator)
            module.bias.data.normal_(0, 1, generator=generator)


@dataclass(frozen=True)
class Small:
    """A network of few channels: convolutions, a pool, and products behind a flattened map. Defaults are odd sizes."""

    shape: tuple[int, int, int] = (3, 30, 26)
    channels: tuple[int, ...] = (20, 36)
    kernels: tuple[int, ...] = (5, 3)
    strides: tuple[int, ...] = (2, 1)
    pads: tuple[int, ...] = (0, 0)
    pooled: tuple[bool, ...] = (True, False)
    hidden: int = 24
    classes: int = 7
    weight_bits: int = 1
    act_bits: int = 1
    weights: Any = CommonWeightQuant
    last_weights: Any = CommonWeightQuant
    relu: bool = False
    bias: bool = False

    def build(self, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        network = _Layers(self)
        trained_like(network, seed)
        return network.eval()


PER_TENSOR = Int8WeightPerTensorFloat
PER_CHANNEL = Int8WeightPerChannelFloat
"""Brevitas' usual weights: scales are whatever the largest weight makes them."""


class _Layers(nn.Module):
    def __init__(self, small: Small) -> None:
        super().__init__()
        common: dict[str, Any] = {"bias": small.bias, "weight_quant": small.weights}
        common["weight_bit_width"] = small.weight_bits
        layers: list[nn.Module] = [qnn.QuantIdentity(act_quant=CommonActQuant, bit_width=8)]
        ins, size = small.shape[0], small.shape[1:]
        rows = zip(small.channels, small.kernels, small.strides, small.pads, small.pooled, strict=True)
        for outs, kernel, stride, pad, pooled in rows:
            layers.append(qnn.QuantConv2d(ins, outs, kernel, stride=stride, padding=pad, **common))
            layers += [nn.BatchNorm2d(outs), self._activation(small)]
            size = tuple((n + 2 * pad - kernel) // stride + 1 for n in size)
            if pooled:
                layers.append(nn.MaxPool2d(2))
                size = tuple(n // 2 for n in size)
            ins = outs
        layers += [nn.Flatten(), nn.Dropout(0.2), qnn.QuantLinear(ins * size[0] * size[1], small.hidden, **common)]
        layers += [nn.BatchNorm1d(small.hidden), self._activation(small)]
        layers += [self._last(small), TensorNorm()]
        self.layers = nn.Sequential(*layers)

    def _last(self, small: Small) -> nn.Module:
        """One scale for all classes: their order is that of the integers."""
        bits, quantiser = small.weight_bits, small.last_weights
        return qnn.QuantLinear(small.hidden, small.classes, bias=False, weight_bit_width=bits, weight_quant=quantiser)

    def _activation(self, small: Small) -> nn.Module:
        if small.relu:
            return qnn.QuantReLU(bit_width=small.act_bits)
        return qnn.QuantIdentity(act_quant=CommonActQuant, bit_width=small.act_bits)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(2.0 * x - 1.0)
        return result


def exported(network: nn.Module, shape: Sequence[int]) -> onnx.ModelProto:
    """What `brevitas.export.export_qonnx` writes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_qonnx(network.float(), args=torch.zeros(1, *shape), export_path=str(path), dynamo=False)
        return onnx.load(path)


def in_pytorch(network: nn.Module, pictures: np.ndarray[Any, Any]) -> tuple[list[Tensor], Tensor]:
    """What each activation quantiser gives for uint8 pictures (N, C, H, W), in order, and the output, in float64."""
    found: list[Tensor] = []

    def remember(_module: nn.Module, _inputs: object, result: Any) -> None:
        found.append(getattr(result, "value", result).detach())

    handles = [m.register_forward_hook(remember) for m in network.modules() if isinstance(m, QUANTISED)]
    with torch.no_grad():
        output = network.double()(torch.from_numpy(pictures.astype(np.float64)) / 255)
    for handle in handles:
        handle.remove()
    return found, output
