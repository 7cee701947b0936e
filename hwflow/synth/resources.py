# SPDX-License-Identifier: Apache-2.0
"""The one way in which hwflow counts a netlist: LUT, FF, BRAM36, URAM and DSP from cells by type."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hwflow.errors import BuildFailed

# Look-up tables that a cell occupies: logic, and the slice's LUTs used as memory or shift register (UG474 table 2-3 for
# 7 series, UG574 for UltraScale+). Two small LUTs that could share one site (O5 and O6) count as two.
LUTS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "LUT6_2": 1,
    "CFGLUT5": 1,
    "SRL16E": 1,
    "SRLC16E": 1,
    "SRLC32E": 1,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM128X1S": 2,
    "RAM256X1S": 4,
    "RAM512X1S": 8,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM256X1D": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM32X16DR8": 8,
    "RAM64X8SW": 8,
}
FLIP_FLOPS = {name + edge for name in ("FDRE", "FDSE", "FDCE", "FDPE", "LDCE", "LDPE") for edge in ("", "_1")}
BRAM36 = {"RAMB36E1": 1.0, "RAMB36E2": 1.0, "FIFO36E1": 1.0, "FIFO36E2": 1.0} | dict.fromkeys(
    ("RAMB18E1", "RAMB18E2", "FIFO18E1", "FIFO18E2"), 0.5
)
URAM = {"URAM288", "URAM288_BASE"}
DSP = {"DSP48E1", "DSP48E2", "DSP58"}
# In the slice beside the LUTs, folded into a neighbour (INV), or no logic at all.
FREE = {"CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9", "INV", "GND", "VCC", "BUFG", "BUFGCE", "BUF", "IBUF", "OBUF"}


@dataclass(frozen=True)
class Resources:
    """What a netlist takes, by Yosys and before place and route. BRAM in 36-kbit blocks, an 18-kbit one is a half."""

    lut: int = 0
    ff: int = 0
    bram36: float = 0.0
    uram: int = 0
    dsp: int = 0
    cells: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Resources") -> "Resources":
        cells = dict(self.cells)
        for name, number in other.cells.items():
            cells[name] = cells.get(name, 0) + number
        return Resources(
            self.lut + other.lut,
            self.ff + other.ff,
            self.bram36 + other.bram36,
            self.uram + other.uram,
            self.dsp + other.dsp,
            dict(sorted(cells.items())),
        )


def count(cells: Mapping[str, int]) -> Resources:
    """The resources of a mapped netlist. Raises BuildFailed for a cell of unknown cost: it would count as free."""
    known = LUTS.keys() | FLIP_FLOPS | BRAM36.keys() | URAM | DSP | FREE
    if unknown := sorted(cells.keys() - known):
        raise BuildFailed(f"Yosys left cells that hwflow cannot count: {', '.join(unknown)}")
    return Resources(
        lut=sum(LUTS.get(name, 0) * number for name, number in cells.items()),
        ff=sum(number for name, number in cells.items() if name in FLIP_FLOPS),
        bram36=sum(BRAM36.get(name, 0.0) * number for name, number in cells.items()),
        uram=sum(number for name, number in cells.items() if name in URAM),
        dsp=sum(number for name, number in cells.items() if name in DSP),
        cells=dict(sorted(cells.items())),
    )
