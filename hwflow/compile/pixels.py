# SPDX-License-Identifier: Apache-2.0
"""What the input of a QONNX graph means: pixels from 0 to 255."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from onnx import ModelProto, NodeProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor

from hwflow.errors import UserError
from hwflow.graph.execute import attributes, initializers
from hwflow.graph.names import Names
from hwflow.powers import is_power_of_two

LARGEST_PIXEL = 255.0
TYPE_KEY = "finn_datatype"  # of QONNX annotations


def whole_pixels(model: ModelProto) -> ModelProto:
    """The graph with an input of 8-bit pixels, annotated UINT8 as QONNX does, or as it is where that is clear already.

    It is clear where the input is annotated UINT8, and where only 8-bit unsigned quantisers with a power-of-two scale
    read it. Any other graph takes pixels from 0 to 1, as torchvision's ToTensor makes them: it gets the division by 255.

    Raises UserError for an input that is annotated as something else.
    """
    constants = initializers(model, torch.float64)
    inputs = [i.name for i in model.graph.input if i.name not in constants]
    if len(inputs) != 1:
        return model  # streamlining says what is wrong
    source = inputs[0]
    if is_annotated(model, source):
        return model
    readers = [node for node in model.graph.node if source in node.input]
    if readers and all(_is_pixel_quantiser(node, constants) for node in readers):
        return model
    return _divided(model, source)


def is_annotated(model: ModelProto, source: str) -> bool:
    """Whether the input `source` is annotated as 8-bit pixels. Raises UserError where it is annotated otherwise."""
    types = [
        entry.value
        for annotation in model.graph.quantization_annotation
        if annotation.tensor_name == source
        for entry in annotation.quant_parameter_tensor_names
        if entry.key == TYPE_KEY
    ]
    if types not in ([], ["FLOAT32"], ["UINT8"]):
        raise UserError(
            f"input {source} is annotated {' and '.join(types)}; hwflow takes pictures of 8-bit pixels, so annotate UINT8,"
            " or nothing for pixels from 0 to 1"
        )
    return types == ["UINT8"]


def _is_pixel_quantiser(node: NodeProto, constants: Mapping[str, Tensor]) -> bool:
    if node.op_type != "Quant" or len(node.input) != 4 or not {node.input[1], node.input[3]} <= constants.keys():
        return False
    scale, bits = constants[node.input[1]], constants[node.input[3]]
    given = attributes(node)
    return (
        scale.numel() == bits.numel() == 1
        and is_power_of_two(float(scale))
        and float(bits) == 8
        and not given.get("signed", 1)
        and not given.get("narrow", 0)
    )


def _divided(model: ModelProto, source: str) -> ModelProto:
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    names = Names(graph)
    real, largest = names.fresh(f"{source}.real"), names.fresh(f"{source}.largest")
    for node in graph.node:
        node.input[:] = [real if name == source else name for name in node.input]
    graph.node.insert(0, helper.make_node("Div", [source, largest], [real], name=real))
    graph.initializer.append(numpy_helper.from_array(np.asarray(LARGEST_PIXEL, np.float32), largest))
    wrapped = ModelWrapper(result)
    wrapped.set_tensor_datatype(source, DataType["UINT8"])
    return wrapped.model
