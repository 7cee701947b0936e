# SPDX-License-Identifier: Apache-2.0
"""The integer graph in PyTorch, many frames at once: what the hardware computes, fast enough for a whole test set."""

from __future__ import annotations

import torch
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor

from hwflow.compile.streamline import integer_facts
from hwflow.errors import UserError
from hwflow.graph.execute import attributes, initializers, run_node

BATCH = 64
EXACT_FLOAT32 = 1 << 24


class Golden:
    """A streamlined model made ready to run. Logits are integers; times `scale` they are the network's.

    Arithmetic is float32 where every tensor's integers are below 2^24, so that each sum is exact in any order, else
    float64. Raises UserError for a graph that is not the integer form of a network.
    """

    def __init__(self, model: ModelWrapper) -> None:
        facts = integer_facts(model)
        largest = max(max(abs(int(f.lo.min())), abs(int(f.hi.max()))) for f in facts.values())
        self._dtype = torch.float32 if largest < EXACT_FLOAT32 else torch.float64
        nodes = list(model.graph.node)
        last = nodes[-1]
        if last.op_type != "Mul":
            raise UserError("the graph does not end with its one scale; streamline it first")
        self.scale = float(model.get_initializer(last.input[1]))
        self._nodes = nodes[:-1]
        self._input, self._output = model.graph.input[0].name, last.input[0]
        self._constants = initializers(model.model, self._dtype)
        self._last_use = {name: index for index, node in enumerate(self._nodes) for name in node.input}
        self._steps = {n.output[0]: self._prepare(n) for n in self._nodes if n.op_type == "MultiThreshold"}

    def _prepare(self, node: NodeProto) -> Tensor:
        """Thresholds of a node as (channels, steps), ascending: what `torch.searchsorted` takes."""
        return self._constants[node.input[1]].contiguous()

    def __call__(self, frames: Tensor) -> Tensor:
        """Integer logits (N, classes), int64, of uint8 frames (N, C, H, W)."""
        with torch.no_grad():
            parts = [self._batch(part) for part in torch.split(frames, BATCH)]
        return torch.cat(parts)

    def _batch(self, frames: Tensor) -> Tensor:
        env = dict(self._constants)
        env[self._input] = frames.to(self._dtype)
        for index, node in enumerate(self._nodes):
            if node.op_type == "MultiThreshold":
                env[node.output[0]] = self._threshold(node, env[node.input[0]])
            else:
                run_node(node, env)
            for name in node.input:
                if self._last_use[name] == index and name not in self._constants:
                    env.pop(name, None)
        return env[self._output].round().to(torch.int64)

    def _threshold(self, node: NodeProto, value: Tensor) -> Tensor:
        steps = self._steps[node.output[0]]
        attrs = attributes(node)
        scale, bias = attrs.get("out_scale", 1.0), attrs.get("out_bias", 0.0)
        if steps.shape[1] == 1:
            at = steps.reshape(1, -1, *[1] * (value.ndim - 2))
            return torch.where(value >= at, scale + bias, bias).to(self._dtype)
        rows = value.transpose(0, 1).flatten(1).contiguous()
        count = torch.searchsorted(steps, rows, right=True).to(self._dtype)
        shape = value.transpose(0, 1).shape
        result: Tensor = (count * scale + bias).reshape(shape).transpose(0, 1)
        return result
