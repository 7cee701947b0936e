# SPDX-License-Identifier: Apache-2.0
"""Integers of the network's own tensors, and what does not agree with them."""

import numpy as np
import pytest
import torch
from networks import Classifier, frames, small_case
from onnx import ModelProto, numpy_helper
from torch import nn

from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import BuildFailed
from hwflow.nn import ChannelSplit, StepQuant
from hwflow.nn.export import export_qonnx
from hwflow.sim.reference import module_tensors, reference_tensors


def test_modules_give_their_tensors_by_path() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.split = ChannelSplit()
            self.quant = StepQuant(4, 0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            left, right = self.split(x)
            out: torch.Tensor = self.quant(left) + right
            return out

    pixels = torch.tensor([0.6, -0.2], dtype=torch.float64).reshape(1, 2, 1, 1)
    found = module_tensors(Two().train(), pixels)
    own = {"split.0", "split.1", "quant", "logits"}  # Brevitas' inner modules have theirs too
    assert {name: found[name].flatten().tolist() for name in own} == {
        "split.0": [0.6], "split.1": [-0.2], "quant": [0.5], "logits": [0.3],
    }  # fmt: skip


def test_integers_are_values_over_scales_and_negated_where_the_graph_negates() -> None:
    case = small_case()
    facts = integer_facts(case.model)
    pictures = frames(3, (1, 16, 16))
    tensors = reference_tensors(case.qonnx, facts, pictures, case.network)
    np.testing.assert_array_equal(tensors["image"], pictures)
    found = module_tensors(case.network, torch.from_numpy(pictures).double() / 256)
    case.network.float()
    negated = 0
    for name in set(tensors) & set(found):
        value = found[name].numpy() / facts[name].scale
        sign = facts[name].sign
        if sign is not None:
            value = value * sign.reshape(1, -1, 1, 1)
            negated += 1
        np.testing.assert_array_equal(tensors[name], value, err_msg=name)
    assert negated > 2
    assert all(array.dtype == np.int64 and len(array) == 3 for array in tensors.values())


def test_without_a_network_the_graph_gives_the_same() -> None:
    case = small_case()
    facts, pictures = integer_facts(case.model), frames(2, (1, 16, 16), 4)
    alone = reference_tensors(case.qonnx, facts, pictures, None)
    beside = reference_tensors(case.qonnx, facts, pictures, case.network)
    case.network.float()
    assert alone.keys() == beside.keys()
    assert all(np.array_equal(alone[name], beside[name]) for name in alone)


def test_a_graph_that_is_not_the_networks_is_found_out() -> None:
    case = small_case()
    changed = ModelProto()
    changed.CopyFrom(case.qonnx)
    bias = next(i for i in changed.graph.initializer if i.name == "stem.norm.bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 1, bias.name))
    with pytest.raises(BuildFailed, match=r"tensor stem.quant: the exported graph and the PyTorch module"):
        reference_tensors(changed, integer_facts(streamline(changed)), frames(1, (1, 16, 16)), case.network)
    case.network.float()


def test_values_off_the_grid_are_found_out() -> None:
    network = Classifier(StepQuant(4, 0.25), 1).eval()
    qonnx = export_qonnx(network, (1, 3, 3))
    facts = integer_facts(streamline(qonnx))
    coarse = {**facts, "body": facts["body"].__class__(**{**vars(facts["body"]), "scale": 0.5})}
    with pytest.raises(BuildFailed, match=r"tensor body: PyTorch's values are no multiples of its scale 0.5"):
        reference_tensors(qonnx, coarse, np.full((1, 1, 3, 3), 64), network)
