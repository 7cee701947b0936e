# SPDX-License-Identifier: Apache-2.0
"""The integer graph in PyTorch, many frames at once: what the hardware computes, fast enough for a whole test set."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor

from hwflow.compile.streamline import integer_facts
from hwflow.errors import UserError
from hwflow.graph.execute import attributes, initializers, run_node

BATCH = 64
EXACT_FLOAT32 = 1 << 24
TABLE_ENTRIES = 1 << 22
"""Of the largest table kept for one node: 16 MB."""


@dataclass(frozen=True)
class _Table:
    """entries[offsets[c] + v] is what value v of channel c becomes. Places are whole float32 numbers below 2^24."""

    entries: Tensor
    offsets: Tensor


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
        self._tables = {
            node.output[0]: self._table(node, int(facts[node.input[0]].lo.min()), int(facts[node.input[0]].hi.max()))
            for node in self._nodes
            if node.op_type == "MultiThreshold" and self._constants[node.input[1]].shape[1] > 1
        }

    def _table(self, node: NodeProto, low: int, high: int) -> _Table | None:
        """The node's result for every channel and every integer from `low` to `high`; None where that is too much."""
        steps = self._constants[node.input[1]].contiguous()
        count = high - low + 1
        if len(steps) * count > TABLE_ENTRIES:
            return None
        values = torch.arange(low, high + 1, dtype=self._dtype).expand(len(steps), count).contiguous()
        offsets = torch.arange(len(steps), dtype=self._dtype) * count - low
        return _Table(_scaled(node, torch.searchsorted(steps, values, right=True).to(self._dtype)).flatten(), offsets)

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
        steps = self._constants[node.input[1]]
        ones = [1] * (value.ndim - 2)
        if steps.shape[1] == 1:
            attrs = attributes(node)
            scale, bias = attrs.get("out_scale", 1.0), attrs.get("out_bias", 0.0)
            return torch.where(value >= steps.view(1, -1, *ones), scale + bias, bias).to(self._dtype)
        table = self._tables[node.output[0]]
        if table is not None:
            place = (value + table.offsets.view(1, -1, *ones)).to(torch.int32)
            return torch.index_select(table.entries, 0, place.flatten()).view_as(value)
        rows = value.transpose(0, 1).flatten(1).contiguous()
        count = torch.searchsorted(steps.contiguous(), rows, right=True).to(self._dtype)
        return _scaled(node, count).reshape(value.transpose(0, 1).shape).transpose(0, 1)


def _scaled(node: NodeProto, count: Tensor) -> Tensor:
    attrs = attributes(node)
    result: Tensor = count * attrs.get("out_scale", 1.0) + attrs.get("out_bias", 0.0)
    return result
