# SPDX-License-Identifier: Apache-2.0
"""The RTL that lies in the build folder against the graph it was made from, text by text.

Simulation finds a wrong constant where a frame reaches it. A threshold of a dead channel, or one that no frame comes
near, is wrong all the same: reading the constants back finds it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import DEPTHS_FILE, write_rtl

_PARAMETER = re.compile(r"\.(\w+)\((\d+)'h([0-9a-f]+)\)")


def rtl_differences(dataflow: ModelWrapper, folding: Folding, rtl: Path) -> list[str]:
    """One sentence for each SystemVerilog file in `rtl` that is not what the graph generates; FIFO depths aside."""
    design = assemble(dataflow, folding)
    ops = {node.name: str(node.op_type).removesuffix("_rtl") for node in design.graph.node}
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "rtl"
        write_rtl(design, fresh)
        for path in sorted(fresh.glob("*.sv")):
            there = rtl / path.name
            if path.name == DEPTHS_FILE:
                continue
            if not there.is_file():
                found.append(f"{there.name}: missing from {rtl}")
            elif (text := there.read_text(errors="replace")) != (wanted := path.read_text()):
                who = f"layer {path.stem} ({ops[path.stem]})" if path.stem in ops else f"file {path.name}"
                found.append(f"{who}: {_what(wanted, text)} in {rtl.name}/{path.name} is not what the graph says")
    return found


def _what(wanted: str, text: str) -> str:
    """The first constant that differs, with its lowest differing bit, or the first line that does."""
    there = {name: (width, value) for name, width, value in _PARAMETER.findall(text)}
    for name, width, value in _PARAMETER.findall(wanted):
        got = there.get(name)
        if got is not None and got[0] == width and got[1] != value:
            change = int(value, 16) ^ int(got[1], 16)
            return f"bit {(change & -change).bit_length() - 1} of {name}"
    lines = zip(wanted.splitlines(), text.splitlines(), strict=False)
    number = next((n for n, (a, b) in enumerate(lines, 1) if a != b), 0)
    return f"line {number}" if number else "the end"
