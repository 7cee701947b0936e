# SPDX-License-Identifier: Apache-2.0
"""A network as a QONNX graph whose tensors are called as the modules that make them.

The tensor `stage2.0.right.conv2.quant` is what a forward hook on the module of that path sees. A tensor inside a module
takes its operator as a suffix (`stage2.0.right.conv2.act.prelu`), a quantised weight is `PATH.weight.quant`, and the
outputs of a module that returns several are `PATH.0`, `PATH.1`.
"""

import tempfile
from pathlib import Path

import onnx
import torch
from brevitas.export import export_qonnx as brevitas_export
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

OPSET = 13
INPUT = "image"
OUTPUT = "logits"
QUANTIZERS = ("Quant", "BipolarQuant")


def export_qonnx(network: nn.Module, input_shape: tuple[int, int, int]) -> ModelProto:
    """The QONNX graph of `network` in eval mode for one image of `input_shape` (C, H, W), in float32, shapes inferred.

    Only quantisers of weights stay as nodes without a variable input; all other constant arithmetic is folded. The
    network's training mode and precision are as before when this returns.
    """
    was_double = next(network.parameters()).dtype == torch.float64
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        try:
            brevitas_export(
                network.float(),
                args=torch.zeros(1, *input_shape),
                export_path=str(path),
                # The exporter on torch.export takes seven times as long and forgets the module paths of nodes.
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
            )
        finally:
            if was_double:
                network.double()
        model = onnx.load(path)
    _fold_constants(model)
    _name_by_module(model)
    _drop_unused_initializers(model)
    _infer_shapes(model)
    return model


def module_path(node_name: str) -> str:
    """Path of the torch module in which a node of the export stands: "/stage2/stage2.0/add/Add" is "stage2.0.add"."""
    path = ""
    for scope in node_name.strip("/").split("/")[:-1]:
        # Children of an nn.Sequential carry the name of their parent.
        path = scope if not path or scope.startswith(path + ".") else f"{path}.{scope}"
    path = path.removesuffix(".export_handler").removesuffix(".act_quant")
    return f"{path.removesuffix('.weight_quant')}.weight" if path.endswith(".weight_quant") else path


def _fold_constants(model: ModelProto) -> None:
    """Replaces nodes whose inputs are all constants by their value; quantisers stay, since they say what a weight
    is."""
    graph = model.graph
    known = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    kept: list[NodeProto] = []
    for node in graph.node:
        if node.op_type in QUANTIZERS or not all(name in known for name in node.input if name):
            kept.append(node)
            continue
        values = ReferenceEvaluator(node, opsets={"": OPSET}).run(
            None, {name: known[name] for name in node.input if name}
        )
        for name, value in zip(node.output, values, strict=True):
            known[name] = value
            graph.initializer.append(numpy_helper.from_array(value, name))
    del graph.node[:]
    graph.node.extend(kept)


def _name_by_module(model: ModelProto) -> None:
    graph = model.graph
    last_in_module = {module_path(node.name): node for node in graph.node}
    renamed: dict[str, str] = {}
    taken = {INPUT, OUTPUT}
    for node in graph.node:
        path = module_path(node.name)
        is_weight = path.endswith(".weight")
        whole = path and last_in_module[path] is node and not is_weight
        # What the network's own forward does stands in no module: its path is empty.
        names = [path] if whole else [f"{path}.{node.op_type.lower()}".removeprefix(".")]
        if is_weight and node.op_type in QUANTIZERS:
            names = [f"{path}.quant"]
        if len(node.output) > 1:
            names = [f"{names[0]}.{i}" for i in range(len(node.output))]
        for old, new in zip(node.output, names, strict=True):
            if old != OUTPUT:
                renamed[old] = _unique(new, taken)
        node.name = _unique(names[0], taken=set(renamed.values()) - set(names))
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    _own_constants(model)


def _own_constants(model: ModelProto) -> None:
    # The exporter shares equal constants between nodes, and qonnx would part them under random names.
    graph = model.graph
    values = {i.name: i for i in graph.initializer}
    for node in graph.node:
        for position, name in enumerate(node.input):
            if name not in values or _is_parameter_path(name):
                continue
            roles = {"Quant": ("", "scale", "zero_point", "bits"), "BipolarQuant": ("", "scale")}.get(node.op_type)
            copy = TensorProto()
            copy.CopyFrom(values[name])
            copy.name = f"{node.name}.{roles[position] if roles else f'const{position}'}"
            graph.initializer.append(copy)
            node.input[position] = copy.name


def _is_parameter_path(name: str) -> bool:
    return "/" not in name and ":" not in name and not name.isdigit()


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}_{count}", count + 1
    taken.add(candidate)
    return candidate


def _drop_unused_initializers(model: ModelProto) -> None:
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    initializers = [i for i in graph.initializer if i.name in used]
    del graph.initializer[:]
    graph.initializer.extend(initializers)
    inputs = [i for i in graph.input if i.name == INPUT]
    del graph.input[:]
    graph.input.extend(inputs)


def _infer_shapes(model: ModelProto) -> None:
    # qonnx knows the shapes of its own quantisers, which onnx.shape_inference does not.
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.infer_shapes import InferShapes

    model.CopyFrom(ModelWrapper(model).transform(InferShapes()).model)
