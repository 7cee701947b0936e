# SPDX-License-Identifier: Apache-2.0
"""The counts that tables 1, 2, 5 and 6 of Sensors 2021, 21, 6868 print, and the network here that stands for each row.

A figure is kept as it was printed, since its last digit says how far it was rounded. A row whose figure cannot be
reproduced names that figure in `differs`, with the reason; docs/counting.md lists the same rows.
"""

from dataclasses import dataclass, field

UNITS = {
    1: {"bops": 1e9, "flops": 1e8, "ops": 1e9},
    2: {"bops": 1e9, "flops": 1e8, "ops": 1e9},
    5: {"ops": 1e7},
    6: {"ops": 1e7},
}
"""What each column of a table is a multiple of, by table."""

TOLERANCE = 0.01


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
    slow: bool = False

    def agrees(self, figure: str, counted: float) -> bool:
        """Whether `counted` is within 1% of what is printed, or becomes that by rounding to as many digits."""
        text, unit = self.printed[figure], UNITS[self.table][figure]
        last_place = 10.0 ** -len(text.partition(".")[2])
        slack = max(TOLERANCE * float(text), last_place / 2)
        return abs(counted / unit - float(text)) <= slack


def _table1(
    name: str, model: str, variant: str | None, bops: str | None, flops: str, ops: str, **more: dict[str, str]
) -> Row:
    return _table(1, "mt", name, model, variant, bops, flops, ops, **more)


def _table2(
    name: str, model: str, variant: str | None, bops: str | None, flops: str, ops: str, **more: dict[str, str]
) -> Row:
    return _table(2, "neu", name, model, variant, bops, flops, ops, **more)


def _table(
    table: int,
    recipe: str,
    name: str,
    model: str,
    variant: str | None,
    bops: str | None,
    flops: str,
    ops: str,
    **more: dict[str, str],
) -> Row:
    printed = {"flops": flops, "ops": ops} | ({} if bops is None else {"bops": bops})
    return Row(table, name, model, recipe, variant, printed, **more)


CLASSIFIERS = (
    _table1("MobileNet V2", "mobilenet_v2", None, None, "3.20", "0.32"),
    _table1("Resnet18", "resnet", "18", None, "18.19", "1.82"),
    _table1("ReActNet-A (real)", "reactnet_a", "real", None, "48.38", "4.84"),
    _table1("BiRealNet (real, ResNet18-based)", "birealnet", "real-18", None, "18.19", "1.82"),
    _table1("ReActNet-A (binary)", "reactnet_a", "binary", "4.81", "0.27", "0.10"),
    _table1("BiRealNet (binary, ResNet18-based)", "birealnet", "binary-18", "1.68", "1.45", "0.17"),
    _table2(
        "MobileNet V2",
        "mobilenet_v2",
        None,
        None,
        "2.68",
        "0.27",
        differs={"flops": "1.4% more: the printed figure leaves out ReLU6 and has 1000 classes"},
    ),
    _table2("Resnet18", "resnet", "18", None, "14.97", "1.50"),
    _table2("Resnet34", "resnet", "34", None, "30.81", "3.08"),
    _table2("ShuffleNet V2", "shufflenet_v2", None, None, "0.33", "0.03"),
    _table2("ReActNet-A (real)", "reactnet_a", "real", None, "36.41", "3.64"),
    _table2("BiRealNet (real, Resnet18-based)", "birealnet", "real-18", None, "13.36", "1.34"),
    _table2("BiRealNet (real, Resnet34-based)", "birealnet", "real-34", None, "27.40", "2.74"),
    _table2("ReActNet-A (binary)", "reactnet_a", "binary", "3.64", "0.16", "0.07"),
    _table2(
        "BiRealNet (binary, Resnet18-based)",
        "birealnet",
        "binary-18",
        "1.29",
        "0.53",
        "0.07",
        differs={"flops": "2.1% less: 1e6 FLOPs in print that no part of the network explains"},
    ),
)
"""The baselines: RGB at 224x224 in table 1, one channel at 200x200 in table 2."""

BI_SHUFFLENET = (
    Row(1, "Bi-ShuffleNet", "bi_shufflenet_paper", "mt", None, {"bops": "0.22", "flops": "0.87", "ops": "0.09"}),
    Row(2, "Bi-ShuffleNet", "bi_shufflenet_paper", "neu", None, {"bops": "0.22", "flops": "0.38", "ops": "0.04"}),
    # Quantisers count nothing, so the network that goes into hardware has the counts of the one in print.
    Row(2, "Bi-ShuffleNet in hardware", "bi_shufflenet", "neu", None, {"bops": "0.22", "flops": "0.38", "ops": "0.04"}),
)
"""224x224 in both tables."""

POOLS = "1.2% more: the average pools of the shortcuts, which rows II and III add and whose OPs the table leaves as in row I"
CONTRADICTION = (
    "the same network in the other table has 48 * 12544 * k * k more for RGB, and both figures cannot be right"
)

ABLATION = tuple(
    Row(table, name, "bi_shufflenet_paper", recipe, variant, {"ops": ops}, {"ops": why} if why else {})
    for table, recipe, name, variant, ops, why in (
        (5, "mt", "I", "I", "2.25", ""),
        (5, "mt", "II", "II", "2.25", POOLS),
        (5, "mt", "III", "III", "2.25", POOLS),
        (5, "mt", "IV", "IV", "2.40", ""),
        (5, "mt", "V", "V", "2.47", ""),
        (5, "mt", "VI", "VI", "2.47", ""),
        (5, "mt", "VII", "VII", "3.92", ""),
        (5, "mt", "VIII", "VIII", "8.88", ""),
        (5, "mt", "IX", "IX", "9.01", ""),
        (5, "mt", "X", "X", "8.99", ""),
        (5, "mt", "XI", "XI", "8.86", CONTRADICTION),
        (6, "neu", "I", "I", "1.75", CONTRADICTION),
        (6, "neu", "II", "III", "1.75", ""),
        (6, "neu", "III", "IV", "1.90", ""),
        (6, "neu", "IV", "VI", "1.93", ""),
        (6, "neu", "V", "VII", "2.42", ""),
        (6, "neu", "VI", "VIII", "5.41", CONTRADICTION),
        (6, "neu", "VII", "IX", "4.14", ""),
        (6, "neu", "VIII", "X", "4.12", ""),
        (6, "neu", "IX", "XI", "4.23", ""),
    )
)
"""RGB at 224x224 in table 5, one channel at 224x224 in table 6."""

ROWS = CLASSIFIERS + BI_SHUFFLENET + ABLATION
