# SPDX-License-Identifier: Apache-2.0
"""What every hwflow operator shares: streams described once, and from them all that FINN asks of an RTL node."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from numpy.typing import NDArray
from qonnx.core.datatype import BaseDataType, DataType

from hwflow import verilog
from hwflow.errors import UserError
from hwflow.hw.bits import Bits
from hwflow.hw.wrapper import wrapper_text

RTL_FOLDER = Path(__file__).resolve().parent.parent / "rtl"
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class StreamSpec:
    """One AXI stream of a node.

    `shape` is the tensor for one frame in FINN's order, channels last: (1, H, W, C) or (1, C); `parallel` elements of
    the last axis travel in one beat.
    """

    shape: tuple[int, ...]
    parallel: int
    dtype: BaseDataType

    @property
    def folded(self) -> tuple[int, ...]:
        return (*self.shape[:-1], self.shape[-1] // self.parallel, self.parallel)

    @property
    def beats(self) -> int:
        """Beats a frame."""
        return prod(self.shape) // self.parallel

    @property
    def bits(self) -> int:
        """Bits a beat, without padding to bytes."""
        return self.parallel * int(self.dtype.bitwidth())

    @property
    def padded_bits(self) -> int:
        return -(-self.bits // 8) * 8


class StreamOp(RTLBackend):  # type: ignore[misc]
    """An operator of one leaf module of `hwflow/hw/rtl`, as a node of FINN's RTL domain.

    Subclasses say which streams they have (`streams_in`, `streams_out`), the leaf's parameters, the cycles a frame and
    the integer function; everything else that FINN's passes ask is derived here.
    """

    leaf: ClassVar[str]
    folding: ClassVar[tuple[str, ...]] = ()

    # --- what a subclass states -----------------------------------------------------------------------------------
    @abstractmethod
    def streams_in(self) -> tuple[StreamSpec, ...]:
        """Input streams in the order of the node's inputs."""

    @abstractmethod
    def streams_out(self) -> tuple[StreamSpec, ...]:
        """Output streams in the order of the node's outputs."""

    @abstractmethod
    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        """Parameters of the leaf, from the attributes and the node's constant inputs (weights, thresholds)."""

    @abstractmethod
    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        """The operator on integers, channels last; bipolar values are -1 and +1."""

    @abstractmethod
    def get_exp_cycles(self) -> int:
        """Cycles a frame in the steady state without stalls."""

    @abstractmethod
    def folding_choices(self) -> dict[str, list[int]]:
        """For each folding attribute the values that divide what they must."""

    def style_choices(self) -> dict[str, list[str]]:
        """For each attribute that says how the node is built, not how parallel it is, the values that can be asked for."""
        kinds = self.get_nodeattr_types()
        return {
            key: sorted(kinds[key][3] - {"auto"}) for key in ("ram_style", "resType") if len(kinds.get(key, ())) > 3
        }

    # --- attributes -----------------------------------------------------------------------------------------------
    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {}

    def get_nodeattr_types(self) -> dict[str, Any]:
        return {**super().get_nodeattr_types(), **self.own_attributes()}

    def integer(self, name: str) -> int:
        return int(self.get_nodeattr(name))

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(int(v) for v in self.get_nodeattr(name))

    def datatype(self, name: str) -> BaseDataType:
        return DataType[self.get_nodeattr(name)]

    def check_divides(self, attribute: str, total: int, what: str) -> int:
        """The attribute's value, where it divides `total`.

        Raises UserError naming the node otherwise.
        """
        value = self.integer(attribute)
        if value < 1 or total % value:
            choices = ", ".join(str(d) for d in divisors(total))
            raise UserError(
                f"node {self.onnx_node.name}: {attribute}={value} does not divide {what} {total};"
                f" choose one of {choices}"
            )
        return value

    # --- FINN's questions, answered from the streams ---------------------------------------------------------------
    def get_input_datatype(self, ind: int = 0) -> BaseDataType:
        return self.streams_in()[ind].dtype

    def get_output_datatype(self, ind: int = 0) -> BaseDataType:
        return self.streams_out()[ind].dtype

    def get_normal_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self.streams_in()[ind].shape

    def get_normal_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self.streams_out()[ind].shape

    def get_folded_input_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self.streams_in()[ind].folded

    def get_folded_output_shape(self, ind: int = 0) -> tuple[int, ...]:
        return self.streams_out()[ind].folded

    def get_instream_width(self, ind: int = 0) -> int:
        streams = self.streams_in()
        return streams[ind].bits if ind < len(streams) else 0

    def get_outstream_width(self, ind: int = 0) -> int:
        return self.streams_out()[ind].bits

    @staticmethod
    def ordered_signed(dtype: BaseDataType) -> int:
        """Whether codes compare as two's complement; those of -1 and +1, 0 and 1, do not."""
        return int(dtype.signed() and dtype != DataType["BIPOLAR"])

    def get_number_output_values(self) -> int:
        return self.streams_out()[0].beats

    def infer_node_datatype(self, model: Any) -> None:
        for index, stream in enumerate(self.streams_out()):
            model.set_tensor_datatype(self.onnx_node.output[index], stream.dtype)

    def make_shape_compatible_op(self, model: Any) -> Any:
        return self.make_const_shape_op(self.streams_out()[0].shape)

    def verify_node(self) -> list[str]:
        self.streams_in()
        self.streams_out()
        return []

    def execute_node(self, context: dict[str, Any], graph: Any) -> None:
        count = len(self.streams_in())
        node = self.onnx_node
        arrays = [np.rint(context[name]).astype(np.int64) for name in node.input[:count]]
        constants = [np.rint(context[name]).astype(np.int64) for name in node.input[count:]]
        for name, array in zip(node.output, self.compute(arrays, constants), strict=True):
            context[name] = array.astype(np.float32)

    # --- RTL --------------------------------------------------------------------------------------------------------
    def module(self) -> str:
        """The module that does the work at this folding."""
        return self.leaf

    def constants(self, model: Any) -> list[Integers]:
        names = self.onnx_node.input[len(self.streams_in()) :]
        return [np.rint(model.get_initializer(name)).astype(np.int64) for name in names]

    def sources(self) -> list[Path]:
        """The leaf's file and those of the modules that it instantiates."""
        return leaf_sources(self.module())

    def wrapper(self, model: Any) -> str:
        """SystemVerilog of the module named after the node: the leaf, parameters fixed, streams of whole bytes."""
        return wrapper_text(
            name=self.onnx_node.name,
            leaf=self.module(),
            parameters=self.parameters(self.constants(model)),
            inputs=[s.bits for s in self.streams_in()],
            outputs=[s.bits for s in self.streams_out()],
            flat_outputs=self.flat_outputs,
        )

    flat_outputs: ClassVar[bool] = False

    def generate_hdl(self, model: Any, fpgapart: str, clk: float) -> None:
        folder = Path(self.get_nodeattr("code_gen_dir_ipgen"))
        self.set_nodeattr("gen_top_module", self.get_verilog_top_module_name())
        (folder / f"{self.onnx_node.name}.sv").write_text(self.wrapper(model))
        self.set_nodeattr("ipgen_path", str(folder))
        self.set_nodeattr("ip_path", str(folder))

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        own = f"{self.onnx_node.name}.sv"
        if not abspath:
            return [*(p.name for p in self.sources()), own]
        folder = Path(self.get_nodeattr("code_gen_dir_ipgen"))
        return [*(str(p) for p in self.sources()), str(folder / own)]

    def code_generation_ipi(self) -> list[str]:
        adds = [f"add_files -norecurse {path}" for path in self.get_rtl_file_list(abspath=True)]
        top = self.get_nodeattr("gen_top_module")
        return [*adds, f"create_bd_cell -type module -reference {top} {self.onnx_node.name}"]


@functools.cache
def leaf_sources(leaf: str) -> list[Path]:
    return verilog.needed(leaf, verilog.read_sources(sorted(RTL_FOLDER.glob("*.sv"))))


def divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]
