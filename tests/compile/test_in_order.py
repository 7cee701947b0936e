# SPDX-License-Identifier: Apache-2.0
"""Graphs of other tools put in order: the pixels of the input, scales behind products, reshapes behind quantisers."""

import numpy as np
import pytest
import torch
from networks import Graph, frames
from onnx import ModelProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.flatten import flatten_late
from hwflow.compile.pixels import whole_pixels
from hwflow.compile.rescale import scales_behind_products
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import UserError
from hwflow.graph.execute import initializers, run


def values(model: ModelProto, pixels: np.ndarray) -> dict[str, torch.Tensor]:
    env = initializers(model, torch.float64)
    env["image"] = torch.from_numpy(pixels.astype(np.float64))
    return dict(run(model.graph.node, env))


def operators(model: ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def annotated(model: ModelProto, dtype: str) -> ModelProto:
    wrapped = ModelWrapper(model)
    wrapped.set_tensor_datatype("image", DataType[dtype])
    return wrapped.model


# --- pixels -----------------------------------------------------------------------------------------------------------
def real() -> Graph:
    """A picture from 0 to 1, quantised to eight levels."""
    return Graph().quant("image", "out", 3, 0.125, signed=0)


def test_pixels_from_0_to_1_are_divided() -> None:
    model = whole_pixels(real().model())
    assert operators(model) == ["Div", "Quant"]
    pixels = frames(3, (2, 4, 4))
    assert values(model, pixels)["image.real"].tolist() == (pixels / 255).tolist()
    assert ModelWrapper(model).get_tensor_datatype("image") == DataType["UINT8"]
    assert whole_pixels(model).SerializeToString() == model.SerializeToString()  # it is clear now


@pytest.mark.parametrize(
    "graph", [Graph(output="pixels").pixels(), Graph().quant("image", "out", 8, 2.0**-8, signed=0)]
)
def test_clear_pixels_stay(graph: Graph) -> None:
    model = graph.model()
    assert whole_pixels(model) is model


@pytest.mark.parametrize(
    "attributes", [{"scale": 1 / 255}, {"signed": 1}, {"narrow": 1}, {"bits": 7}], ids=lambda a: next(iter(a))
)
def test_other_quantisers_read_pixels_from_0_to_1(attributes: dict[str, float]) -> None:
    given = {"bits": 8, "scale": 2.0**-8, "signed": 0, **attributes}
    assert operators(whole_pixels(Graph().quant("image", "out", **given).model())) == ["Div", "Quant"]  # type: ignore[arg-type]


def test_whole_pixels_that_the_graph_divides() -> None:
    model = annotated(real().model(), "UINT8")
    assert whole_pixels(model) is model
    facts = integer_facts(streamline(model))
    assert facts["image"].scale == 1.0 and facts["image"].hi.tolist() == [255, 255]


def test_pixels_of_another_type() -> None:
    with pytest.raises(UserError, match="input image is annotated INT8; hwflow takes pictures of 8-bit pixels"):
        whole_pixels(annotated(real().model(), "INT8"))


# --- scales -----------------------------------------------------------------------------------------------------------
def scaled(weights: object, activations: float, bias: bool = False) -> Graph:
    """Signed steps of `activations`, weights of scale `weights`, a pool, and a quantiser at the end."""
    graph = Graph().pixels().quant("pixels", "q", 4, activations * 16)
    graph.const(w=np.random.default_rng(0).integers(-7, 8, (3, 2, 2, 2)) * np.asarray(weights), b=[0.3, -0.7, 11.0])
    graph.const(w_scale=np.asarray(weights), w_zero=0.0, w_bits=4.0)
    graph.add("Quant", ["w", "w_scale", "w_zero", "w_bits"], "wq", signed=1, narrow=1, rounding_mode="ROUND")
    graph.add("MaxPool", ["q"], "pooled", kernel_shape=[2, 2], strides=[1, 1])
    graph.add("Conv", ["pooled", "wq", *(["b"] if bias else [])], "c", kernel_shape=[2, 2])
    return graph.quant("c", "out", 5, 2.0 ** np.round(np.log2(100 * float(np.mean(weights)) * activations)))


CHANNELS = np.reshape([0.3, 0.25, 1.7], (3, 1, 1, 1))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("weights", "activations"), [(1 / 7, 1.0), (0.5, 0.3), (1 / 7, 0.3), (CHANNELS, 1.0), (1.0, 2.0)]
)
def test_scales_move_behind_products(weights: object, activations: float, bias: bool) -> None:
    model = scaled(weights, activations, bias).model()
    moved = scales_behind_products(model)
    pixels = frames(4, (2, 4, 4))
    before, after = values(model, pixels), values(moved, pixels)
    assert torch.equal(before["out"], after["out"]) and before["out"].unique().numel() > 3
    streamlined = streamline(moved)
    for fact in integer_facts(streamlined).values():
        assert np.log2(fact.scale).is_integer()


def test_nothing_moves_that_need_not() -> None:
    model = scaled(0.5, 2.0).model()
    assert operators(scales_behind_products(model)) == operators(model)


def test_a_scale_for_each_input_of_a_product() -> None:
    graph = scaled(np.reshape([0.3, 0.25], (1, 2, 1, 1)), 1.0)
    with pytest.raises(
        UserError, match=r"node c_node \(Conv\): its weights have a scale for each input; give them one"
    ):
        scales_behind_products(graph.model())


def test_a_sum_of_one_scale() -> None:
    graph = Graph().pixels().quant("pixels", "a", 4, 4.8).quant("a", "b", 3, 4.8).add("Add", ["a", "b"], "sum")
    model = scales_behind_products(graph.conv("sum", "c", bits=4).quant("c", "out", 4, 40.0).model())
    pixels = frames(4, (2, 4, 4))
    assert torch.equal(values(graph.model(), pixels)["out"], values(model, pixels)["out"])
    assert "AddStreams" not in operators(model) and streamline(model) is not None


def test_a_padded_map_of_any_scale() -> None:
    graph = Graph().pixels().quant("pixels", "q", 4, 4.8).const(p=[0, 0, 1, 1, 0, 0, 1, 1], v=np.float32(4.8) * -3)
    model = graph.add("Pad", ["q", "p", "v"], "padded").conv("padded", "c", kernel=3).quant("c", "out", 4, 9.6).model()
    moved = scales_behind_products(model)
    pixels = frames(4, (2, 4, 4))
    assert torch.equal(values(model, pixels)["out"], values(moved, pixels)["out"])
    assert streamline(moved) is not None


@pytest.mark.parametrize("op", ["GlobalAveragePool", "ReduceMean", "AveragePool"])
@pytest.mark.parametrize("scale", [16.0, 4.8])
def test_a_mean_is_a_sum(op: str, scale: float) -> None:
    graph = Graph(shape=(1, 2, 3, 7)).pixels().quant("pixels", "q", 4, scale)
    attributes = {"ReduceMean": {"axes": [2, 3], "keepdims": 1}, "AveragePool": {"kernel_shape": [3, 7]}}.get(op, {})
    model = graph.add(op, ["q"], "mean", **attributes).conv("mean", "c", bits=4).quant("c", "out", 5, 45.0).model()
    moved = scales_behind_products(model)
    pixels = frames(40, (2, 3, 7)) // np.arange(1, 41).reshape(-1, 1, 1, 1)  # darker and darker
    before, after = values(model, pixels)["out"], values(moved, pixels)["out"]
    assert torch.equal(before, after) and before.unique().numel() > 3
    assert "ReduceSum" in operators(moved) and streamline(moved) is not None


def test_a_mean_of_some_pixels_is_none() -> None:
    graph = Graph().pixels().add("AveragePool", ["pixels"], "out", kernel_shape=[2, 2], strides=[2, 2])
    assert operators(scales_behind_products(graph.model())) == ["Quant", "AveragePool"]


# --- reshapes ---------------------------------------------------------------------------------------------------------
def test_a_picture_is_flattened_behind_its_quantiser() -> None:
    graph = Graph().pixels().const(two=2.0, one=[100.0], shape=[1, -1], w=np.ones((32, 3)))
    graph.add("Reshape", ["pixels", "shape"], "f").add("Mul", ["f", "two"], "m").add("Sub", ["m", "one"], "s")
    graph.sign("s", "q").sign("w", "wq").add("MatMul", ["q", "wq"], "out")
    model = flatten_late(graph.model())
    order = operators(model)
    assert order.index("Reshape") == order.index("BipolarQuant", order.index("Sub")) + 1
    pixels = frames(3, (2, 4, 4))[:1]
    before, after = values(graph.model(), pixels), values(model, pixels)
    for name in ("m", "s", "q", "out"):
        assert name not in after or torch.equal(before[name], after[name])
    assert torch.equal(after["q.map"].flatten(1), before["q"])


def test_a_constant_for_each_pixel_stops_a_reshape() -> None:
    graph = Graph().pixels().const(each=np.arange(32.0), w=np.ones((32, 3))).add("Flatten", ["pixels"], "f")
    graph.add("Sub", ["f", "each"], "s").sign("s", "q").sign("w", "wq").add("MatMul", ["q", "wq"], "out")
    model = graph.model()
    assert operators(flatten_late(model)) == operators(model)
