# SPDX-License-Identifier: Apache-2.0
"""Networks and QONNX graphs for tests of the compiler: unkind statistics, odd sizes, graphs written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import onnx
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from torch import nn

from hwflow.compile.streamline import streamline
from hwflow.models import find_recipe
from hwflow.nn import BatchNorm2d, GlobalSum, IntLinear, RPReLU, RSign, RSiLU, StepQuant
from hwflow.nn.export import export_qonnx

BIPOLAR_DOMAIN = "qonnx.custom_op.general"


def bi_shufflenet(**changes: object) -> nn.Module:
    """Bi-ShuffleNet of the recipe `mini` with some keys changed, seeded, with unkind statistics, in eval mode."""
    mini = find_recipe("bi_shufflenet", "mini")
    torch.manual_seed(0)
    network: nn.Module = mini.module.build(mini.module.RECIPE.model_validate(mini.recipe.model_dump() | changes))
    randomise(network, 1)
    return network.eval()


def small_bi_shufflenet(channels: int = 1, height: int = 16, width: int = 16) -> nn.Module:
    """One stage of two units, eight channels."""
    return bi_shufflenet(
        input={"channels": channels, "height": height, "width": width},
        stem=4,
        stages=[{"units": 2, "width": 8}],
        head=8,
        kernels={"stem": 3},
    )


def randomise(network: nn.Module, seed: int) -> None:
    """Parameters as no training would give them: dead channels (gamma 0), negative gammas, thresholds that no
    accumulator reaches, hardly any variance, slopes of 0."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 1.0, generator=generator)
            module.running_var.uniform_(0.1, 40, generator=generator)
            module.weight.data.normal_(0, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.7, generator=generator)
            module.weight.data[0] = 0.0
            module.weight.data[1] = -1.0
            module.running_mean[2] = 1e3
            module.running_var[3] = 1e-12
        elif isinstance(module, RSign):
            module.gamma.data.normal_(0, 0.7, generator=generator)
            module.gamma.data[-2:, 0, 0] = torch.tensor([100.0, -100.0])
        elif isinstance(module, RPReLU):
            module.zeta.data.normal_(0, 1, generator=generator)
            module.eta.data.normal_(0, 1, generator=generator)
            module.beta.data.uniform_(0, 1.2, generator=generator)
            module.beta.data[0] = 0.0
        elif isinstance(module, RSiLU):
            module.zeta.data.normal_(0, 1, generator=generator)
            module.eta.data.normal_(0, 0.5, generator=generator)


class Classifier(nn.Module):
    """8-bit pixels, `body`, sum over the pixels, logits. `body` ends in a map of `channels`."""

    def __init__(self, body: nn.Module, channels: int, classes: int = 3) -> None:
        super().__init__()
        self.input = StepQuant(8, 2.0**-8, signed=False)
        self.body = body
        self.sum = GlobalSum()
        self.classifier = IntLinear(channels, classes, bits=8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.classifier(self.sum(self.body(self.input(x))))
        return out


def norm(gamma: Sequence[float], beta: Sequence[float], mean: Sequence[float], var: Sequence[float]) -> BatchNorm2d:
    layer = BatchNorm2d(len(gamma))
    layer.weight.data = torch.tensor(gamma)
    layer.bias.data = torch.tensor(beta)
    layer.running_mean = torch.tensor(mean)
    layer.running_var = torch.tensor(var)
    return layer.eval()


@dataclass(frozen=True)
class Case:
    """A network, its export, and the export streamlined."""

    network: nn.Module
    qonnx: onnx.ModelProto
    model: ModelWrapper


@cache
def mini_case() -> Case:
    return _case(bi_shufflenet(), (1, 64, 64))


@cache
def small_case(channels: int = 1, height: int = 16, width: int = 16) -> Case:
    return _case(small_bi_shufflenet(channels, height, width), (channels, height, width))


def _case(network: nn.Module, shape: tuple[int, int, int]) -> Case:
    qonnx = export_qonnx(network, shape)
    return Case(network, qonnx, streamline(qonnx))


def frames(count: int, shape: Sequence[int], seed: int = 0) -> np.ndarray[Any, Any]:
    """Noise, all black, all white: int64 (count, C, H, W)."""
    result = np.random.default_rng(seed).integers(0, 256, (count, *shape))
    result[1:2], result[2:3] = 0, 255
    return result


@dataclass
class Graph:
    """A QONNX graph written node by node; `model` makes the model of what was added so far."""

    shape: Sequence[int | str] = (1, 2, 4, 4)
    output: str = "out"
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def add(self, op: str, inputs: Sequence[str], output: str | Sequence[str], **attributes: Any) -> "Graph":
        outputs = [output] if isinstance(output, str) else list(output)
        domain = BIPOLAR_DOMAIN if op in ("Quant", "BipolarQuant") else ""
        self.nodes.append(
            helper.make_node(op, list(inputs), outputs, name=f"{outputs[0]}_node", domain=domain, **attributes)
        )
        return self

    def const(self, **values: Any) -> "Graph":
        """Constants by name; floats become float32, integers int64."""
        for name, value in values.items():
            array = np.asarray(value)
            self.constants[name] = array.astype(np.float32) if array.dtype.kind == "f" else array
        return self

    def quant(self, source: str, output: str, bits: float = 4, scale: float = 1.0, **attributes: Any) -> "Graph":
        self.const(**{f"{output}_scale": float(scale), f"{output}_zero": 0.0, f"{output}_bits": float(bits)})
        given = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"} | attributes
        return self.add("Quant", [source, f"{output}_scale", f"{output}_zero", f"{output}_bits"], output, **given)

    def sign(self, source: str, output: str, scale: float = 1.0) -> "Graph":
        return self.const(**{f"{output}_scale": float(scale)}).add("BipolarQuant", [source, f"{output}_scale"], output)

    def pixels(self) -> "Graph":
        """The picture as 8-bit integers, called `pixels`."""
        return self.quant("image", "pixels", 8, signed=0)

    def norm(self, source: str, output: str, *rows: Sequence[float]) -> "Graph":
        """BatchNormalization; `rows` are gamma, beta, mean, variance."""
        names = [f"{output}_{role}" for role in ("gamma", "beta", "mean", "var")]
        self.const(**{name: [float(v) for v in row] for name, row in zip(names, rows, strict=True)})
        return self.add("BatchNormalization", [source, *names], output, epsilon=1e-5)

    def conv(
        self, source: str, output: str, outs: int = 2, ins: int = 2, kernel: int = 1, bits: int = 1, **attributes: Any
    ) -> "Graph":
        """A convolution with seeded weights: of -1 and +1, or of `bits` bits."""
        rng = np.random.default_rng(len(self.nodes))
        high = 1 << (bits - 1) if bits > 1 else 1
        self.const(**{f"{output}_w": rng.integers(-high, high, (outs, ins, kernel, kernel)).astype(np.float32)})
        if bits == 1:
            self.sign(f"{output}_w", f"{output}_wq")
        else:
            self.quant(f"{output}_w", f"{output}_wq", bits)
        return self.add("Conv", [source, f"{output}_wq"], output, kernel_shape=[kernel, kernel], **attributes)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(self.shape))],
            [helper.make_tensor_value_info(self.output, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(v, n) for n, v in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid(BIPOLAR_DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)
