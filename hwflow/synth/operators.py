# SPDX-License-Identifier: Apache-2.0
"""hwflow's own modules as jobs for Yosys: one by its parameters, or the nodes of an assembled design."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.generate import is_fifo
from hwflow.hw.bits import Bits
from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.base import RTL_FOLDER
from hwflow.synth.yosys import Job


def module_job(module: str, parameters: Mapping[str, int | str | Bits]) -> Job:
    """A module of hwflow/hw/rtl with parameters as an operator gives them."""
    plain = {name: value.verilog() if isinstance(value, Bits) else value for name, value in parameters.items()}
    return Job(module, tuple(sorted(RTL_FOLDER.glob("*.sv"))), plain)


def node_jobs(design: ModelWrapper, nodes: Iterable[NodeProto], depths: Mapping[str, int]) -> dict[str, Job]:
    """Jobs of some nodes of a design by name; `depths` are those of its FIFOs, in beats."""
    jobs = {}
    for node in nodes:
        op: StreamOp = getCustomOp(node)
        if is_fifo(op):
            op.set_nodeattr("depth", depths[node.name])
        jobs[node.name] = module_job(op.module(), op.parameters(op.constants(design)))
    return jobs
