# SPDX-License-Identifier: Apache-2.0
"""The integer engine equals the float64 network, in float32 while that is exact, and in float64 beyond."""

import numpy as np
import pytest
import torch
from networks import Case, Graph, frames, mini_case, small_case
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import UserError
from hwflow.sim.golden import BATCH, Golden
from hwflow.sim.reference import reference_tensors


def check(case: Case, shape: tuple[int, int, int], count: int) -> Golden:
    golden = Golden(case.model)
    pictures = frames(count, shape)
    logits = golden(torch.from_numpy(pictures.astype(np.uint8)))
    assert logits.dtype == torch.int64 and logits.shape == (count, 6)
    with torch.no_grad():
        wanted = case.network.double()(torch.from_numpy(pictures).double() / 256)
    case.network.float()
    torch.testing.assert_close(logits.double() * golden.scale, wanted, rtol=0, atol=0)
    return golden


def test_mini() -> None:
    check(mini_case(), (1, 64, 64), 3)


def test_odd_sizes_and_colours() -> None:
    golden = check(small_case(3, 21, 13), (3, 21, 13), 5)
    assert golden._dtype == torch.float32


def test_batches_join() -> None:
    golden = Golden(small_case().model)
    pictures = torch.from_numpy(frames(BATCH + 3, (1, 16, 16)).astype(np.uint8))
    together = golden(pictures)
    assert together.shape == (BATCH + 3, 6)
    assert torch.equal(together[BATCH - 1 : BATCH + 2], golden(pictures[BATCH - 1 : BATCH + 2]))


@pytest.mark.parametrize(("weight", "dtype"), [(127, torch.float32), (32767, torch.float64)])
def test_float64_where_float32_would_round(weight: int, dtype: torch.dtype) -> None:
    """Odd logits, just below and far above 2^24."""
    graph = Graph(shape=(1, 1, 8, 8), output="logits").pixels().const(axes=[2, 3])
    graph.add("ReduceSum", ["pixels", "axes"], "sum", keepdims=0).const(w=[[float(weight), float(-weight)]])
    model = streamline(graph.quant("w", "wq", 16).add("MatMul", ["sum", "wq"], "logits").model())
    golden = Golden(model)
    assert golden._dtype == dtype
    pictures = torch.from_numpy(frames(3, (1, 8, 8)).astype(np.uint8))
    total = pictures.long().sum((1, 2, 3)) * weight
    assert torch.equal(golden(pictures), torch.stack([total, -total], 1))
    assert weight == 127 or int(total.max()) > 2**24


@pytest.mark.slow
def test_thresholds_beyond_float32_are_kept() -> None:
    """A product of up to 33 million, and a threshold at an odd one, which float32 cannot hold."""
    graph = Graph(shape=(1, 1, 1, 1), output="out").pixels().const(w=np.full((1, 1, 1, 1), 131071.0))
    graph.quant("w", "wq", 18).add("Conv", ["pixels", "wq"], "acc", kernel_shape=[1, 1])
    graph.const(three=3.0, shift=50331656.0).add("Mul", ["acc", "three"], "more").add("Sub", ["more", "shift"], "far")
    graph.sign("far", "sign").conv("sign", "out", 1, 1)
    case = graph.model()
    model = streamline(case)
    thresholds = model.get_initializer("sign.thresholds")
    assert thresholds.dtype == np.float64 and thresholds.item() == 16777219
    pictures = np.arange(256).reshape(256, 1, 1, 1)
    reference = reference_tensors(case, integer_facts(model), pictures, None)
    golden = Golden(model)(torch.from_numpy(pictures.astype(np.uint8)))
    np.testing.assert_array_equal(golden.numpy(), reference["out"])
    assert len(np.unique(golden)) == 2


def test_a_function_that_rises_and_falls() -> None:
    graph = Graph(shape=(1, 1, 16, 16)).pixels().quant("pixels", "q", 6, 8.0).const(c=10.0)
    graph.add("Sub", ["q", "c"], "d").add("Mul", ["d", "q"], "e").quant("e", "out", 5, 64.0)
    model = streamline(graph.model())
    assert any(node.op_type == "Sub" for node in model.graph.node)
    picture = np.arange(256).reshape(1, 1, 16, 16)
    context = execute_onnx(model, {"image": picture.astype(np.float32)}, return_full_exec_context=True)
    golden = Golden(model)(torch.from_numpy(picture.astype(np.uint8)))
    np.testing.assert_array_equal(golden.numpy(), context["out"])


def test_a_graph_that_is_not_streamlined_is_refused() -> None:
    with pytest.raises(UserError, match="not the integer form of a network; streamline it first"):
        Golden(ModelWrapper(Graph().pixels().quant("pixels", "out").model()))
