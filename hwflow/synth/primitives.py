# SPDX-License-Identifier: Apache-2.0
"""Headers of the vendor's cells, for designs that instantiate them.

`read_slang` must see a module with its parameters and ports before it takes an instance of LUT6, RAM32M or DSP48E2.
Yosys ships such modules, in a Verilog that slang refuses (specify blocks), so their headers are cut out of it.
"""

import functools
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from hwflow.errors import UserError
from hwflow.verilog import strip_comments


def headers(names: Iterable[str]) -> str:
    """One black box a name, in SystemVerilog. Names that are no cells of the vendor are left out."""
    cells = _cells()
    return "".join(cells[name] for name in sorted(set(names) & cells.keys()))


def known() -> frozenset[str]:
    """The names of all cells there are."""
    return frozenset(_cells())


@functools.cache
def _cells() -> dict[str, str]:
    spec = importlib.util.find_spec("pyosys")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("Yosys is not installed: pip install pyosys==0.70")
    folder = Path(spec.submodule_search_locations[0]) / "share" / "xilinx"
    cells: dict[str, str] = {}
    for name in ("cells_xtra.v", "cells_sim.v"):
        text = strip_comments((folder / name).read_text(encoding="utf-8"))
        for module, body in re.findall(r"^module\s+(\w+)\b(.*?)^endmodule", text, re.MULTILINE | re.DOTALL):
            # Modules of cells_xtra.v have no body; of the others only the parameters are wanted.
            ports, _, rest = body.partition(");")
            if name == "cells_sim.v":
                rest = "\n".join(re.findall(r"^parameter\b[^;]*;", rest, re.MULTILINE))
            cells[module] = f"(* blackbox *)\nmodule {module}{ports});\n{rest}\nendmodule\n"
    return cells
