# SPDX-License-Identifier: Apache-2.0
"""U-BiNet's way to integers: every tensor exact, labels of every pixel those of the network, refusals named."""

import numpy as np
import pytest
import torch
from networks import Graph, frames, randomise

from hwflow.compile.map import to_dataflow
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import UserError
from hwflow.graph.execute import initializers, run
from hwflow.models import find_recipe
from hwflow.nn.export import export_qonnx
from hwflow.sim.golden import Golden
from hwflow.sim.reference import reference_tensors

SHAPE = (1, 16, 32)


@pytest.mark.parametrize("k", [2, 4])
def test_every_tensor_is_exact(k: int) -> None:
    mini = find_recipe("u_binet", "mini")
    changes = {"k": k, "width": 4, "input": dict(zip(("channels", "height", "width"), SHAPE, strict=True))}
    torch.manual_seed(0)
    network = mini.module.build(mini.module.RECIPE.model_validate(mini.recipe.model_dump() | changes))
    randomise(network, 1)
    qonnx = export_qonnx(network.eval(), SHAPE)
    model = streamline(qonnx)
    assert any(node.op_type == "Sub" for node in model.graph.node), "some RSiLU falls and rises within its quantiser"
    facts = integer_facts(model)
    pictures = frames(3, SHAPE)
    reference = reference_tensors(qonnx, facts, pictures, network)
    env = initializers(model.model, torch.float64)
    env[model.graph.input[0].name] = torch.from_numpy(pictures).double()
    run(model.graph.node, env)
    assert {f"up{i}.space" for i in range(4)} | {f"concat{i}" for i in range(4)} | {"logits"} <= facts.keys()
    for name, fact in facts.items():
        if name in env:
            value = env[name].numpy()
            np.testing.assert_array_equal(value, reference[name], err_msg=name)
            low, high = (bound.reshape(1, -1, 1, 1) for bound in (fact.lo, fact.hi))
            assert (value >= low).all() and (value <= high).all(), name
    golden = Golden(model)
    logits = golden(torch.from_numpy(pictures.astype(np.uint8)))
    with torch.no_grad():
        wanted = network.double()(torch.from_numpy(pictures).double() / 256)
    torch.testing.assert_close(logits.double() * golden.scale, wanted, rtol=0, atol=0)


def _shuffled(mode: str) -> Graph:
    graph = Graph(shape=(1, 4, 4, 4), output="out").pixels()
    return graph.add("DepthToSpace", ["pixels"], "space", blocksize=2, mode=mode).conv("space", "out", ins=1)


def test_depth_to_space_keeps_the_range_of_its_channels() -> None:
    facts = integer_facts(streamline(_shuffled("CRD").model()))
    assert facts["space"].shape == (1, 1, 8, 8)
    assert (facts["space"].lo.tolist(), facts["space"].hi.tolist()) == ([0], [255])


def test_the_other_order_is_refused() -> None:
    with pytest.raises(UserError, match=r"space_node \(DepthToSpace\).*mode DCR is not supported; use CRD"):
        streamline(_shuffled("DCR").model())


def test_there_is_no_hardware_for_it_yet() -> None:
    with pytest.raises(UserError, match=r"space_node \(DepthToSpace\)"):
        to_dataflow(streamline(_shuffled("CRD").model()))
