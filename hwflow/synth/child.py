# SPDX-License-Identifier: Apache-2.0
"""Runs in a process of its own: synthesise several designs in one Yosys session, and write how many cells each takes.

Usage: python child.py FAMILY UNIT... in a folder that holds UNIT.top and UNIT.f (slang's arguments) of every unit;
leaves cells.json. Yosys reads its cell libraries and tables once for all units, which is most of the time of a small
one. It runs its passes module by module, so that each unit comes out as it would alone. An error ends the process, its
message in the log.
"""

import json
import sys
from pathlib import Path

from pyosys import libyosys as ys


def main(family: str, units: list[str]) -> None:
    design = ys.Design()

    def run(command: str) -> None:
        ys.run_pass(command, design)

    for unit in units:
        run(f"read_slang -f {unit}.f")
        run(f"rename {Path(f'{unit}.top').read_text(encoding='utf-8')} {unit}")
        run(f"setattr -mod -unset top {unit}")  # or `hierarchy` keeps one unit and removes the others
    # The label `begin` of synth_xilinx, without -auto-top: every unit is a top.
    run("read_verilog -lib -specify +/xilinx/cells_sim.v")
    run("read_verilog -lib +/xilinx/cells_xtra.v")
    run("hierarchy -check")
    # URAM is for memories that ask for it; all of hwflow's say block or distributed.
    options = f"-family {family}" + (" -uram" if family == "xcup" else "")
    run(f"synth_xilinx {options} -flatten -noiopad -noclkbuf -run prepare:check")
    run("tee -q -o stat.json stat -json")
    modules = json.loads(Path("stat.json").read_text(encoding="utf-8"))["modules"]
    cells = {unit: modules[f"\\{unit}"].get("num_cells_by_type", {}) for unit in units}
    Path("cells.json").write_text(json.dumps(cells), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
