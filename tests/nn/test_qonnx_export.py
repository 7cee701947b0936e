# SPDX-License-Identifier: Apache-2.0
"""The QONNX export: names, values against PyTorch in qonnx's own executor, and that it says the same every time."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import Tensor, nn

from hwflow.nn import (
    Add,
    BatchNorm2d,
    BinaryConv2d,
    ChannelShuffle,
    ChannelSplit,
    GlobalSum,
    IntLinear,
    RPReLU,
    RSign,
    StepQuant,
)
from hwflow.nn.export import export_qonnx, module_path


class Small(nn.Module):
    """One of each layer."""

    def __init__(self) -> None:
        super().__init__()
        self.input = StepQuant(8, 2.0**-8, signed=False)
        self.split = ChannelSplit()
        self.body = nn.Sequential(RSign(2), BinaryConv2d(2, 2, 3), BatchNorm2d(2), StepQuant(3, 0.5))
        self.add = Add()
        self.act = RPReLU(2, 0.5)
        self.stream = StepQuant(6, 0.5, rounding="floor")
        self.shuffle = ChannelShuffle()
        self.sum = GlobalSum()
        self.classifier = IntLinear(4, 3, bits=8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = self.split(self.input(x))
        right = self.stream(self.act(self.add(self.body(right), right)))
        out: torch.Tensor = self.classifier(self.sum(self.shuffle(left, right)))
        return out


@pytest.fixture(scope="module")
def network() -> Iterator[Small]:
    torch.manual_seed(0)
    network = Small().eval()
    norm = network.body[2]
    norm.weight.data = torch.tensor([-1.5, 0.0])
    norm.bias.data = torch.tensor([0.3, -0.8])
    norm.running_var.fill_(9.0)
    network.body[0].gamma.data[:, 0, 0] = torch.tensor([0.4, 0.6])
    network.act.zeta.data[:, 0, 0] = torch.tensor([0.8, -0.3])
    network.act.eta.data[:, 0, 0] = torch.tensor([-0.9, 0.2])
    yield network


@pytest.fixture(scope="module")
def graph(network: Small) -> ModelProto:
    return export_qonnx(network, (4, 5, 6))


def test_every_tensor_equals_the_module_it_is_named_after(network: Small, graph: ModelProto) -> None:
    seen: dict[str, np.ndarray] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, out.numpy()))
        for name, module in network.named_modules()
        if isinstance(module, StepQuant | RSign | BinaryConv2d | Add | ChannelShuffle | GlobalSum | RPReLU)
    ]
    pixels = torch.randint(0, 256, (1, 4, 5, 6)) / 256
    network.double()
    with torch.no_grad():
        logits = network(pixels.double()).numpy()
    network.float()
    for hook in hooks:
        hook.remove()
    context = execute_onnx(ModelWrapper(graph), {"image": pixels.numpy()}, return_full_exec_context=True)
    assert set(seen) == {"input", "body.0", "body.1", "body.3", "add", "act", "stream", "shuffle", "sum"}
    for name, value in seen.items():
        np.testing.assert_array_equal(context[name], value, err_msg=name)
    np.testing.assert_array_equal(context["logits"], logits)


def test_the_graph_holds_nothing_but_layers(graph: ModelProto) -> None:
    ops = sorted(node.op_type for node in graph.graph.node)
    assert ops == sorted(
        ["Quant"] * 4 + ["BipolarQuant"] * 2 + ["Sub"] * 2 + ["Add"] * 2
        + ["Pad", "Conv", "BatchNormalization", "PRelu", "Split", "Concat", "Reshape", "Transpose", "Reshape"]
        + ["ReduceSum", "Transpose", "MatMul"]
    )  # fmt: skip
    rounding = {
        node.name: attribute.s.decode()
        for node in graph.graph.node
        for attribute in node.attribute
        if attribute.name == "rounding_mode"
    }
    assert rounding["stream"] == "FLOOR"
    assert rounding["body.3"] == "ROUND"


def test_padding_is_minus_one(graph: ModelProto) -> None:
    model = ModelWrapper(graph)
    (pad,) = model.get_nodes_by_op_type("Pad")
    assert model.get_initializer(pad.input[1]).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert model.get_initializer(pad.input[2]).item() == -1


def test_every_constant_belongs_to_one_node(graph: ModelProto) -> None:
    names = {initializer.name for initializer in graph.graph.initializer}
    uses = [name for node in graph.graph.node for name in node.input if name in names]
    assert len(uses) == len(set(uses)) == len(names)


def test_two_exports_are_equal_and_leave_the_network_alone(network: Small, graph: ModelProto) -> None:
    network.double()
    again = export_qonnx(network, (4, 5, 6))
    assert again.SerializeToString(deterministic=True) == graph.SerializeToString(deterministic=True)
    assert next(network.parameters()).dtype == torch.float64
    assert not network.training
    network.float()


@pytest.mark.parametrize(
    ("node", "path"),
    [
        ("/stage2/stage2.0/right/conv1/add/Add", "stage2.0.right.conv1.add"),
        ("/input/act_quant/export_handler/Quant", "input"),
        ("/body/body.1/weight_quant/export_handler/BipolarQuant", "body.1.weight"),
        ("/head/sum/ReduceSum", "head.sum"),
        ("/MatMul", ""),
    ],
)
def test_module_paths(node: str, path: str) -> None:
    assert module_path(node) == path


def test_what_the_network_itself_computes_has_a_name() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.classifier = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.classifier(x.flatten(1))
            return out

    graph = export_qonnx(Plain().eval(), (1, 2, 2)).graph
    assert [(n.op_type, n.input[0], n.output[0]) for n in graph.node] == [
        ("Flatten", "image", "flatten"),
        ("Gemm", "flatten", "logits"),
    ]
