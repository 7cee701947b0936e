# SPDX-License-Identifier: Apache-2.0
"""What the input of a QONNX graph means: pixels from 0 to 255."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.errors import UserError
from hwflow.graph.execute import attributes
from hwflow.graph.names import Names
from hwflow.powers import is_power_of_two

LARGEST_PIXEL = 255.0


def whole_pixels(model: ModelProto) -> ModelProto:
    """The graph with an input of 8-bit pixels, annotated UINT8 as QONNX does, or as it is where that is clear already.

    It is clear where the input is annotated UINT8, and where only 8-bit unsigned quantisers with a power-of-two scale
    read it. Any other graph takes pixels from 0 to 1, as torchvision's ToTensor makes them: it gets the division by 255.

    Raises UserError for an input that is annotated as something else.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [i.name for i in model.graph.input if i.name not in constants]
    if len(inputs) != 1:
        return model  # streamlining says what is wrong
    source = inputs[0]
    annotated = ModelWrapper(model, make_deepcopy=True).get_tensor_datatype(source)
    if annotated == DataType["UINT8"]:
        return model
    if annotated != DataType["FLOAT32"]:
        raise UserError(
            f"input {source} is annotated {annotated.name}; hwflow takes pictures of 8-bit pixels, so annotate UINT8, or"
            " nothing for pixels from 0 to 1"
        )
    readers = [node for node in model.graph.node if source in node.input]
    if readers and all(_is_pixel_quantiser(model, node) for node in readers):
        return model
    return _divided(model, source)


def _is_pixel_quantiser(model: ModelProto, node: NodeProto) -> bool:
    if node.op_type != "Quant":
        return False
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for other in model.graph.node:
        if other.op_type == "Constant" and isinstance(attributes(other).get("value"), onnx.TensorProto):
            values[other.output[0]] = numpy_helper.to_array(attributes(other)["value"])
    scale, bits = values.get(node.input[1]), values.get(node.input[3])
    if scale is None or bits is None or scale.size != 1 or bits.size != 1:
        return False
    given = attributes(node)
    return (
        is_power_of_two(float(scale.item()))
        and float(bits.item()) == 8
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
