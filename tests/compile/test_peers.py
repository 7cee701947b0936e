# SPDX-License-Identifier: Apache-2.0
"""QONNX of other people's networks: each quantised tensor of the integer graph, and of the dataflow graph, against
PyTorch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx
import peers
import pytest
import torch
from networks import frames
from qonnx.core.modelwrapper import ModelWrapper
from test_map import check_origins
from test_map import run as run_dataflow
from torch import nn

from hwflow.compile.fold import fold, load_target, operators
from hwflow.compile.integers import Integers
from hwflow.compile.map import to_dataflow
from hwflow.compile.solve import Limits
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.content import content_root
from hwflow.flow.front import in_order
from hwflow.graph.execute import initializers
from hwflow.sim.golden import Golden
from hwflow.sim.reference import reference_tensors


def quantisers(model: onnx.ModelProto) -> dict[str, float]:
    """Scale by name of each activation quantiser's tensor, in order."""
    constants = initializers(model, torch.float64)
    found = {}
    for node in model.graph.node:
        if node.op_type in ("Quant", "BipolarQuant") and node.input[0] not in constants:
            found[node.output[0]] = float(constants[node.input[1]])
    return found


def integers_of(name: str, tensors: dict[str, Integers]) -> Integers:
    """The integer tensor that `name` has become: a map where it was a vector, without its scale."""
    return next(tensors[n] for n in (f"{name}{m}{i}" for m in ("", ".map") for i in ("", ".integer")) if n in tensors)


def check(network: nn.Module, shape: Sequence[int], count: int = 4) -> ModelWrapper:
    """Compile the export; PyTorch's own quantised tensors and labels are those of the integers. The dataflow graph."""
    model = peers.exported(network, shape)
    ordered = in_order(model)
    streamlined = streamline(ordered)
    dataflow = to_dataflow(streamlined)
    pictures = frames(count, shape)
    tensors = reference_tensors(ordered, integer_facts(streamlined), pictures, None)
    in_pytorch, output = peers.in_pytorch(network, pictures)
    scales = quantisers(model)
    assert len(scales) == len(in_pytorch) > 1
    for (name, scale), value in zip(scales.items(), in_pytorch, strict=True):
        steps = (value / scale).round().to(torch.int64)
        np.testing.assert_array_equal(integers_of(name, tensors).reshape(steps.shape), steps, err_msg=name)
        assert steps.unique().numel() > 1, f"{name} is the same everywhere"
    golden = Golden(streamlined)(torch.from_numpy(pictures.astype(np.uint8)))
    assert golden.argmax(1).tolist() == output.argmax(1).tolist()
    reference = {name: tensor[-1:] for name, tensor in tensors.items()}
    context = run_dataflow(dataflow, pictures[-1])
    check_origins(dataflow, reference, context)
    return dataflow


def kinds(model: ModelWrapper) -> set[str]:
    return {node.op_type.removesuffix("_rtl") for node in model.graph.node}


@pytest.mark.parametrize("name", [n for n in peers.EXAMPLES if n.startswith(("tfc", "cnv"))])
def test_examples_of_brevitas(name: str) -> None:
    found = kinds(check(peers.example(name), peers.example_shape(name)))
    assert ("IntegerMVAU" if "2w" in name else "BinaryMVAU") in found
    assert ("StreamingMax" in found) == name.startswith("cnv")


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in peers.EXAMPLES if n.startswith(("sfc", "lfc"))])
def test_wider_examples_of_brevitas(name: str) -> None:
    check(peers.example(name), peers.example_shape(name))


@pytest.mark.parametrize("name", ["tfc_1w1a", "tfc_2w2a", "cnv_1w1a"])
def test_examples_before_training(name: str) -> None:
    """BatchNorms do nothing yet, so that accumulators stand on the very edge between two levels."""
    check(peers.example(name, None), peers.example_shape(name))


SMALL = peers.Small()
VARIANTS: dict[str, peers.Small] = {
    "1w1a": SMALL,
    "1w2a": replace(SMALL, act_bits=2),
    "2w2a": replace(SMALL, weight_bits=2, act_bits=2),
    "4w1a": replace(SMALL, weight_bits=4),
    "4w4a": replace(SMALL, weight_bits=4, act_bits=4),
    "3w2a with relu": replace(SMALL, weight_bits=3, act_bits=2, relu=True),
    "scale of a tensor": replace(SMALL, weight_bits=4, act_bits=4, weights=peers.PER_TENSOR,
                                 last_weights=peers.PER_TENSOR, relu=True),
    "scales of channels": replace(SMALL, weight_bits=4, act_bits=3, weights=peers.PER_CHANNEL, pads=(2, 1),
                                  relu=True, bias=True),
    "one by one": replace(SMALL, channels=(6, 10, 4), kernels=(1, 7, 1), strides=(1, 3, 1), pads=(0, 0, 0),
                          pooled=(False, False, False)),
    "one column": replace(SMALL, shape=(1, 12, 9), channels=(5,), kernels=(9,), strides=(1,), pads=(0,), pooled=(False,)),
    "grey and even": replace(SMALL, shape=(1, 24, 16), channels=(4, 8), kernels=(3, 2), strides=(1, 2), act_bits=3),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_small(name: str) -> None:
    small = VARIANTS[name]
    check(small.build(), small.shape)


FINN_FOLDING = [(3, 16), (32, 32), (32, 16), (32, 16), (32, 4), (32, 1), (4, 1), (8, 1), (1, 4)]
"""SIMD and PE of CNV_1W1A's products, as FINN publishes them."""


def test_target_of_finns_folding() -> None:
    """Each product as FINN folds it, but for three: two would be slower than the first, and 4 does not divide 10."""
    network, shape = peers.example("cnv_1w1a"), peers.example_shape("cnv_1w1a")
    dataflow = to_dataflow(streamline(in_order(peers.exported(network, shape))))
    target = load_target(content_root() / "build" / "targets" / "cnv-1w1a-finn.yaml")
    folding = fold(dataflow, 100, 3080, Limits(45_000, 135, 200), target).folding
    ops = operators(dataflow)
    for op in ops:
        for key in op.folding_choices():
            op.set_nodeattr(key, folding.nodes[op.onnx_node.name][key])
    products = [op for op in ops if op.onnx_node.op_type == "BinaryMVAU_rtl"]
    chosen = [(op.integer("SIMD"), op.integer("PE")) for op in products]
    assert chosen[:6] == FINN_FOLDING[:6] and chosen[6:] == [(8, 1), (16, 1), (1, 5)]
    assert max(op.get_exp_cycles() for op in ops) == products[0].get_exp_cycles() == 32_400
