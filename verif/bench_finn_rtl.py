# SPDX-License-Identifier: Apache-2.0
"""What FINN's own RTL for windows and widths costs beside ours: the same sizes, the same Yosys, now.

    python verif/bench_finn_rtl.py

FINN's modules are made by FINN's generator from the installed package (finn-plus 1.6.1), and nothing of them is kept. Its
window takes a padded map, so FMPadding stands before it; ours pads while it reads. Its threshold unit is left out: Yosys
refuses it ("unsynthesizable feature"). Cycles are a frame's, by each side's own count; FINN gives none for widths. LUTs as
everywhere: LUT1 to LUT6 and those used as memory, "Yosys, before place and route".
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finn.custom_op.fpgadataflow.rtl.convolutioninputgenerator_rtl import ConvolutionInputGenerator_rtl
from finn.custom_op.fpgadataflow.rtl.fmpadding_rtl import FMPadding_rtl
from finn.custom_op.fpgadataflow.rtl.streamingdatawidthconverter_rtl import StreamingDataWidthConverter_rtl
from finn.util.settings import initialize_dummy_settings
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.synth.resources import Resources
from hwflow.synth.yosys import synthesise

RTL = Path(__file__).resolve().parents[1] / "hwflow" / "hw" / "rtl"
SOURCES = sorted(RTL.glob("hwf_*.sv"))
PART = "xc7z020clg400-1"


@dataclass(frozen=True)
class Window:
    """A square window of `kernel` over a square map of `size`, `bits` an element, `simd` of `channels` a beat."""

    size: int
    channels: int
    simd: int
    bits: int
    kernel: int
    stride: int

    @property
    def pad(self) -> int:
        return self.kernel // 2

    @property
    def out(self) -> int:
        return (self.size + 2 * self.pad - self.kernel) // self.stride + 1


# The windows of Bi-ShuffleNet at 224x224: the first convolution, one of each stage and one that halves the map.
WINDOWS = (
    Window(224, 1, 1, 8, 3, 2),
    Window(28, 24, 24, 1, 3, 1),
    Window(28, 24, 24, 1, 5, 2),
    Window(14, 48, 48, 1, 3, 1),
    Window(7, 96, 96, 1, 3, 1),
)
WIDTHS = ((24, 96), (96, 24))


def finn(
    op: type[Any], attributes: Mapping[str, Any], shapes: tuple[tuple[int, ...], ...], data: str
) -> tuple[Resources, int]:
    """Resources and cycles a frame of FINN's `op`, generated and synthesised."""
    with tempfile.TemporaryDirectory(prefix="hwflow-bench-") as folder:
        # FINN asks for folders of its own at every turn, and would take the user's home.
        os.environ["FINN_BUILD_DIR"] = folder
        initialize_dummy_settings()
        inputs = [f"in{i}" for i in range(len(shapes) - 1)]
        node = helper.make_node(
            op.__name__, inputs, ["out"], domain="finn.custom_op.fpgadataflow.rtl", name="unit", **attributes
        )
        infos = [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
            for n, s in zip([*inputs, "out"], shapes, strict=True)
        ]
        model = ModelWrapper(helper.make_model(helper.make_graph([node], "bench", infos[:-1], infos[-1:])))
        for name in (inputs[0], "out"):
            model.set_tensor_datatype(name, DataType[data])
        unit = op(model.graph.node[0])
        unit.set_nodeattr("code_gen_dir_ipgen", folder)
        unit.generate_hdl(model, PART, 10.0)
        files = {Path(path).name: Path(path) for path in unit.get_rtl_file_list(abspath=True)}
        files |= {path.name: path for path in Path(folder).iterdir() if path.is_file()}
        sources = []
        for name, path in files.items():
            if path.suffix in {".v", ".sv"}:
                # The parser refuses this directive inside a module, where one of FINN's files has it; it generates no logic.
                text = re.sub(r"^\s*`default_nettype.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
                sources.append(Path(folder, name))
                sources[-1].write_text(text, encoding="utf-8")
        # A package is read before what imports it.
        sources.sort(key=lambda path: not re.search(r"^\s*package\b", path.read_text(encoding="utf-8"), re.MULTILINE))
        return synthesise(unit.get_nodeattr("gen_top_module"), sources), int(unit.get_exp_cycles())


def window_of_finn(row: Window) -> tuple[Resources, int]:
    data = "BINARY" if row.bits == 1 else f"UINT{row.bits}"
    padded = row.size + 2 * row.pad
    padding, padding_cycles = finn(
        FMPadding_rtl,
        {
            "ImgDim": [row.size] * 2,
            "Padding": [row.pad] * 4,
            "NumChannels": row.channels,
            "SIMD": row.simd,
            "inputDataType": data,
        },
        ((1, row.size, row.size, row.channels), (1, padded, padded, row.channels)),
        data,
    )
    window, window_cycles = finn(
        ConvolutionInputGenerator_rtl,
        {
            "ConvKernelDim": [row.kernel] * 2,
            "IFMChannels": row.channels,
            "IFMDim": [padded] * 2,
            "OFMDim": [row.out] * 2,
            "SIMD": row.simd,
            "Stride": [row.stride] * 2,
            "Dilation": [1, 1],
            "inputDataType": data,
            "outputDataType": data,
            "ram_style": "auto",
        },
        ((1, padded, padded, row.channels), (1, row.out, row.out, row.kernel**2 * row.channels)),
        data,
    )
    return padding + window, max(padding_cycles, window_cycles)


def window_of_ours(row: Window) -> tuple[Resources, int]:
    parameters: dict[str, int | str] = {
        "BITS": row.bits,
        "C": row.channels,
        "SIMD": row.simd,
        "H": row.size,
        "W": row.size,
    }
    parameters |= {"KH": row.kernel, "KW": row.kernel, "STRIDE": row.stride}
    parameters |= {f"PAD_{side}": row.pad for side in "TLBR"}
    folds = row.channels // row.simd
    return synthesise("hwf_swg", SOURCES, parameters), max(row.size**2, (row.out * row.kernel) ** 2) * folds


def line(name: str, theirs: tuple[Resources, int], ours: tuple[Resources, int]) -> str:
    def cells(measured: tuple[Resources, int]) -> str:
        found, cycles = measured
        return f"{found.lut:>7}{found.ff:>6}{found.bram36:>6g}{cycles or '-':>8}"

    return f"{name:<48}{cells(theirs)}   {cells(ours)}\n"


def main() -> None:
    titles = f"{'LUT':>7}{'FF':>6}{'BRAM':>6}{'cycles':>8}"
    sys.stdout.write(f"{'':<48}{'FINN':>27}   {'hwflow':>27}\n{'':<48}{titles}   {titles}\n")
    for row in WINDOWS:
        name = f"{row.kernel}x{row.kernel}/{row.stride} of {row.size}x{row.size}x{row.channels}, SIMD {row.simd}, {row.bits}-bit"
        sys.stdout.write(line(name, window_of_finn(row), window_of_ours(row)))
        sys.stdout.flush()
    for narrow, wide in WIDTHS:
        shape = (1, 28 * 28 * 288 // 8)
        bits = {
            "inShape": list(shape),
            "outShape": list(shape),
            "inWidth": narrow,
            "outWidth": wide,
            "dataType": "BINARY",
        }
        theirs = finn(StreamingDataWidthConverter_rtl, bits, (shape, shape), "BINARY")
        ours = synthesise("hwf_width", SOURCES, {"IN_WIDTH": narrow, "OUT_WIDTH": wide})
        sys.stdout.write(line(f"width {narrow} to {wide}", theirs, (ours, shape[1] // min(narrow, wide))))


if __name__ == "__main__":
    main()
