# SPDX-License-Identifier: Apache-2.0
"""Shapes of all tensors of a graph, from running it once on zeros."""

from __future__ import annotations

import torch
from onnx import ModelProto

from hwflow.graph.execute import initializers, run
from hwflow.graph.live import live_nodes

Shape = tuple[int, ...]


def tensor_shapes(model: ModelProto) -> dict[str, Shape] | None:
    """Shapes by tensor name, constants included; None where the graph has not one input of a known shape.

    Raises UserError naming a node that cannot be evaluated.
    """
    env = initializers(model, torch.float32)
    inputs = [i for i in model.graph.input if i.name not in env]
    if len(inputs) != 1:
        return None
    dims = [int(d.dim_value) for d in inputs[0].type.tensor_type.shape.dim]
    if len(dims) < 2 or min(dims[1:]) < 1:
        return None
    env[inputs[0].name] = torch.zeros(1, *dims[1:])
    run(live_nodes(model.graph), env)
    return {name: tuple(tensor.shape) for name, tensor in env.items()}
