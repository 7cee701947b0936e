# SPDX-License-Identifier: Apache-2.0
"""The counts that tables 1, 2, 5 and 6 of Sensors 2021, 21, 6868 print, from tables/, and what is known to differ.

A figure is kept as it was printed, since its last digit says how far it was rounded. A row whose figure cannot be
reproduced has that figure in DIFFERS, with the reason; docs/counting.md lists the same rows.
"""

from dataclasses import dataclass, field, replace

from hwflow.tables.rows import COUNTS, Table, read_table

TABLES = {number: read_table(str(number)) for number in (1, 2, 5, 6)}
UNITS = {
    number: {column.figure: column.unit for column in table.columns if column.figure in COUNTS}
    for number, table in TABLES.items()
}
"""What each column of a table is a multiple of, by table."""

TOLERANCE = 0.01

POOLS = "1.2% more: the average pools of the shortcuts, which rows II and III add and whose OPs the table leaves as in row I"
CONTRADICTION = (
    "the same network in the other table has 48 * 12544 * k * k more for RGB, and both figures cannot be right"
)
DIFFERS = {
    (2, "MobileNet V2"): {"flops": "1.4% more: the printed figure leaves out ReLU6 and has 1000 classes"},
    (2, "BiRealNet18 (binary)"): {"flops": "2.1% less: 1e6 FLOPs in print that no part of the network explains"},
    (5, "II: Sdown"): {"ops": POOLS},
    (5, "III: Sdown, Sbasic"): {"ops": POOLS},
    (5, "XI: as VIII, both 2x3"): {"ops": CONTRADICTION},
    (6, "I: BL"): {"ops": CONTRADICTION},
    (6, "VI: as IV, ks_conv1 9"): {"ops": CONTRADICTION},
}
"""By table and row."""


@dataclass(frozen=True)
class Row:
    """A row: `variant` as `--variant` takes it; `printed` maps bops, flops, ops to the text in the table."""

    table: int
    name: str
    model: str
    recipe: str
    variant: str | None
    printed: dict[str, str]
    differs: dict[str, str] = field(default_factory=dict)

    def agrees(self, figure: str, counted: float) -> bool:
        """Whether `counted` is within 1% of what is printed, or becomes that by rounding to as many digits."""
        text, unit = self.printed[figure], UNITS[self.table][figure]
        last_place = 10.0 ** -len(text.partition(".")[2])
        slack = max(TOLERANCE * float(text), last_place / 2)
        return abs(counted / unit - float(text)) <= slack


def _rows(number: int, table: Table) -> list[Row]:
    found = []
    for row in table.rows:
        columns = zip(table.columns, row.paper, strict=False)
        printed = {column.figure: text for column, text in columns if column.figure in COUNTS and text}
        if printed and row.run is not None:
            run, differs = row.run, DIFFERS.get((number, row.name), {})
            found.append(Row(number, row.name, run.model, run.recipe, run.variant, printed, differs))
    return found


OF_PAPER = [row for number, table in TABLES.items() for row in _rows(number, table)]
# Quantisers count nothing, so the network that goes into hardware has the counts of the one in print.
IN_HARDWARE = [
    replace(row, name="Bi-ShuffleNet in hardware", model="bi_shufflenet")
    for row in OF_PAPER
    if (row.table, row.name) == (2, "Bi-ShuffleNet")
]
ROWS = [*OF_PAPER, *IN_HARDWARE]
