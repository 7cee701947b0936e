# SPDX-License-Identifier: Apache-2.0
"""Every stream operator proven at small sizes, without a bound on time; and every kind of bug found that we put in.

Each file in properties/ opens with the sentence that it proves. Sizes are small because the proofs are about order and
handshakes, which do not change with the width of a beat; numbers that do (depths, strides, padding) take odd values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from .prove import Engine, Proof, ProofError, prove

PROPERTIES = Path(__file__).with_name("properties")
RTL = Path(__file__).resolve().parents[2] / "hwflow" / "hw" / "rtl"


@dataclass(frozen=True)
class Claim:
    """The property file's module, the RTL under proof, its parameters; `engine` as in `prove`."""

    top: str
    modules: tuple[str, ...]
    parameters: Mapping[str, int | str]
    engine: Engine = "pdr"

    def __str__(self) -> str:
        return "-".join((self.top, *(f"{name}={value}" for name, value in self.parameters.items())))


def check(claim: Claim, rtl: Sequence[Path] = ()) -> Proof:
    helpers = [path for path in sorted(PROPERTIES.glob("*.sv")) if not path.name.startswith("prove_")]
    sources = [*helpers, PROPERTIES / f"{claim.top}.sv", *(rtl or [RTL / f"{module}.sv" for module in claim.modules])]
    return prove(claim.top, sources, claim.parameters, engine=claim.engine)


def fifo(depth: int, style: str, width: int = 1) -> Claim:
    return Claim("prove_fifo", ("hwf_fifo",), {"WIDTH": width, "DEPTH_BEATS": depth, "STYLE": style})


def join(pe: int, bits: int) -> Claim:
    sizes = {"ADD": 0, "PE": pe, "IBITS0": bits, "IBITS1": bits, "OBITS": bits}
    return Claim("prove_join", ("hwf_interleave", "hwf_add"), sizes)


def add(pe: int, bits0: int, bits1: int, bits: int) -> Claim:
    sizes = {"ADD": 1, "PE": pe, "IBITS0": bits0, "IBITS1": bits1, "OBITS": bits}
    return Claim("prove_join", ("hwf_interleave", "hwf_add"), sizes)


def parts(way: str, bits: int, pe: int, c0: int, c1: int) -> Claim:
    return Claim(f"prove_{way}", (f"hwf_{way}",), {"BITS": bits, "PE": pe, "C0": c0, "C1": c1})


def width(wide_in: int, wide_out: int) -> Claim:
    return Claim("prove_width", ("hwf_width",), {"IN_WIDTH": wide_in, "OUT_WIDTH": wide_out})


def reduce(module: str, **sizes: int | str) -> Claim:
    return Claim("prove_reduce", ("hwf_max", "hwf_accumulate", "hwf_top1"), {"MODULE": module, **sizes})


def swg(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, pad: tuple[int, int, int, int], bits: int, **more: int
) -> Claim:
    """`bits`: NUMBER_BITS, one more than the address of the module's memory has."""
    sizes = {"H": size[0], "W": size[1], "KH": kernel[0], "KW": kernel[1], "STRIDE": stride}
    pads = dict(zip(("PAD_T", "PAD_L", "PAD_B", "PAD_R"), pad, strict=True))
    engine: Engine = "pdr" if kernel == (1, 1) else "induction"
    return Claim("prove_swg", ("hwf_swg",), {**sizes, **pads, "NUMBER_BITS": bits, **more}, engine)


def line(
    way: str, size: tuple[int, int], kernel: int, stride: int, pad: tuple[int, int], bits: int = 4, style: str = "lut"
) -> Claim:
    """Windows along rows ("row", of one row) or columns ("column"); `bits` as for `swg`."""
    sizes = {"COLUMN": int(way == "column"), "H": size[0], "W": size[1], "K": kernel, "STRIDE": stride}
    pads = {"PAD_BEFORE": pad[0], "PAD_AFTER": pad[1], "STYLE": style, "NUMBER_BITS": bits}
    return Claim("prove_line_window", ("hwf_row_window", "hwf_column_window"), {**sizes, **pads})


NONE, ONE = (0, 0, 0, 0), (1, 1, 1, 1)
EVERYDAY = [
    *(fifo(depth, "lut") for depth in (1, 2, 3, 5)),
    *(fifo(depth, "block") for depth in (2, 3, 5)),
    *(fifo(depth, "lut", width=6) for depth in (2, 5)),  # wide enough for LUTRAM
    Claim("prove_fork", ("hwf_fork",), {"WIDTH": 2, "COPIES": 2}),
    Claim("prove_fork", ("hwf_fork",), {"WIDTH": 1, "COPIES": 3}),
    *(parts(way, *sizes) for way in ("split", "concat") for sizes in ((1, 1, 1, 1), (1, 2, 4, 2), (2, 1, 1, 3))),
    join(2, 2),
    add(2, 2, 3, 3),
    add(1, 3, 3, 2),
    *(width(*pair) for pair in ((6, 2), (2, 6), (4, 1), (1, 2))),
    reduce("max", PE=2, BITS=2, SIGNED=1, COUNT=3),
    reduce("max", PE=1, BITS=2, SIGNED=0, COUNT=1),
    reduce("accumulate", PE=1, BITS=1, OBITS=2, COUNT=2, FOLDS=2),
    reduce("accumulate", PE=2, BITS=1, SIGNED=1, OBITS=2, COUNT=3, FOLDS=1),
    reduce("accumulate", PE=1, BITS=1, OBITS=2, COUNT=2, FOLDS=3, STYLE="block"),
    reduce("top1", PE=2, BITS=2, SIGNED=1, OBITS=3, COUNT=3),
    reduce("top1", PE=1, BITS=2, SIGNED=0, OBITS=2, COUNT=3),
    swg((3, 2), (2, 2), 2, (1, 1, 0, 0), 5, FOLDS=2, DEPTHWISE=1),
    swg((5, 4), (2, 2), 2, NONE, 5),
    swg((3, 3), (1, 1), 2, NONE, 4),
    line("row", (1, 3), 3, 1, (1, 1)),
    line("row", (1, 5), 3, 2, (2, 0)),
    line("row", (1, 4), 2, 3, (0, 1)),
    line("row", (1, 3), 1, 2, (0, 0)),
    line("column", (3, 2), 3, 1, (1, 1)),
    line("column", (3, 2), 2, 2, (1, 0)),
]


@pytest.mark.parametrize("claim", EVERYDAY, ids=str)
def test_proof(claim: Claim) -> None:
    proof = check(claim)
    assert proof.holds, f"{claim}: {proof.broken} can fail"
    assert proof.properties >= 7  # the stream rules, order and progress at the least


def test_proof_of_wires() -> None:
    """Of what hwf_signs promises, Yosys sees most at once and leaves the rules of a stream to prove."""
    proof = check(Claim("prove_signs", ("hwf_signs",), {"PE": 3}))
    assert proof.holds and proof.properties >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "claim",
    [
        fifo(9, "block"),
        fifo(17, "lut"),
        line("column", (4, 3), 3, 2, (2, 1), 5),
        line("column", (5, 2), 2, 3, (0, 0), style="block"),
        swg((4, 4), (3, 3), 1, ONE, 5),
        swg((8, 8), (3, 3), 1, ONE, 6),
        swg((4, 3), (3, 3), 2, ONE, 6, FOLDS=2, DEPTHWISE=1),
        swg((2, 2), (4, 3), 1, (3, 0, 2, 2), 6, FOLDS=2),
        swg((5, 3), (1, 2), 3, NONE, 5),
        swg((3, 3), (2, 3), 1, (1, 2, 0, 2), 4),
        swg((3, 4), (3, 3), 1, NONE, 6),
        swg((6, 5), (5, 5), 2, (2, 2, 2, 2), 6),
        swg((3, 5), (2, 2), 1, (0, 1, 1, 0), 5, FOLDS=2, DEPTHWISE=1),
    ],
    ids=str,
)
def test_larger_proof(claim: Claim) -> None:
    test_proof(claim)


# A bug of each kind: what it does, in which proof, the code that is right and the code that is wrong.
BUGS = [
    ("loses a single beat that waits", fifo(1, "lut"), "push || (some && !pop)", "push"),
    ("writes over a single beat", fifo(1, "lut"), "if (!some) data", "if (in0_V_TVALID) data"),
    ("takes a beat when full", fifo(3, "lut"), "DEPTH_BEATS - 1);\n\n    always_ff", "DEPTH_BEATS);\n\n    always_ff"),
    ("forgets that a beat left", fifo(3, "lut"), "if (push != pop) top", "if (push) top"),
    ("mixes up its two ends", fifo(5, "lut", width=6), "if (pop) head", "if (push) head"),
    ("writes over the second of two", fifo(2, "lut", width=6), "if (!both) memory", "memory"),
    ("loses the second of two", fifo(2, "lut"), "(both || (some && push))", "both"),
    ("passes a beat by waiting ones", fifo(3, "block"), "push && !waiting && (", "push && ("),
    ("sends the old beat again", fifo(3, "block"), "if (fetch) fetched", "if (fetch && !push) fetched"),
    (
        "waits for all copies at once",
        Claim("prove_fork", ("hwf_fork",), {"WIDTH": 1, "COPIES": 2}),
        "owed & ~out_V_TREADY",
        "owed",
    ),
    (
        "drops a copy that is not ready",
        Claim("prove_fork", ("hwf_fork",), {"WIDTH": 1, "COPIES": 2}),
        "&(~owed | out_V_TREADY)",
        "|(~owed | out_V_TREADY)",
    ),
    ("sends to the wrong side", parts("split", 1, 1, 2, 1), "second <= 1'b1", "second <= 1'b0"),
    ("overwrites a beat", parts("split", 1, 1, 1, 1), " && (!out1_V_TVALID || out1_V_TREADY)", ""),
    ("takes both at once", parts("concat", 1, 1, 1, 1), "free && !second", "free"),
    (
        "takes -1 for 0",
        Claim("prove_signs", ("hwf_signs",), {"PE": 2}),
        "{!in0_V_TDATA[i], 1'b1}",
        "{!in0_V_TDATA[i], in0_V_TDATA[i]}",
    ),
    ("takes one alone", join(1, 1), "assign in0_V_TREADY = free && in1_V_TVALID", "assign in0_V_TREADY = free"),
    ("wraps instead of saturating", add(1, 2, 2, 2), "fits ? sum", "1'b1 ? sum"),
    ("offers before it has both", join(1, 1), "in0_V_TVALID && in1_V_TVALID;", "in0_V_TVALID || in1_V_TVALID;"),
    ("loses a part", width(2, 6), "assign in0_V_TREADY = !last ||", "assign in0_V_TREADY = 1'b1 ||"),
    ("skips a part", width(6, 2), "if (out0_V_TVALID && out0_V_TREADY) part", "if (out0_V_TREADY) part"),
    ("never stops at the last part", width(6, 2), "!out0_V_TVALID || (last &&", "!out0_V_TVALID || ("),
    ("takes the smaller", reduce("max", PE=1, BITS=2, SIGNED=0, COUNT=3), "next > best", "next < best"),
    ("keeps the last maximum", reduce("max", PE=1, BITS=2, SIGNED=0, COUNT=3), "(first || larger)", "(larger)"),
    (
        "adds to the last frame",
        reduce("accumulate", PE=1, BITS=1, OBITS=2, COUNT=2, FOLDS=2),
        "if (first_pixel) partial <= '0;\n          else partial <= memory",
        "partial <= memory",
    ),
    (
        "overwrites a result",
        reduce("accumulate", PE=1, BITS=1, OBITS=2, COUNT=1, FOLDS=2),
        "!held || !held_last || !out0_V_TVALID || out0_V_TREADY",
        "1'b1",
    ),
    (
        "takes the last among equals",
        reduce("top1", PE=1, BITS=1, SIGNED=0, OBITS=2, COUNT=3),
        "value[0] > best",
        "value[0] >= best",
    ),
    ("writes over words still needed", swg((2, 2), (2, 2), 1, NONE, 4), "!credit[CREDIT_BITS-1]", "1'b1"),
    ("reads words before they are in", swg((2, 2), (2, 2), 1, NONE, 4), "in_map ? there", "in_map ? 1'b1"),
    ("pads with something else", swg((2, 2), (2, 2), 1, (1, 0, 0, 0), 4), "<= {SIMD{PAD_CODE}}", "<= '0"),
    ("pads a row too much", swg((2, 2), (2, 2), 1, (1, 0, 0, 0), 4), "y >= Y_BITS'(PAD_T)", "y > Y_BITS'(PAD_T)"),
    ("sends padding before the frame", swg((2, 2), (2, 2), 1, (1, 0, 0, 0), 4), "begun = !fresh ||", "begun = 1'b1 ||"),
    ("takes a step too far", swg((3, 2), (2, 2), 1, NONE, 4), "CREDIT_BITS'(STEP_Y)", "CREDIT_BITS'(STEP_Y + 1)"),
    ("passes rows it should drop", swg((3, 3), (1, 1), 2, NONE, 4), "&& y_phase == '0", ""),
    ("keeps words of the row before", line("row", (1, 3), 2, 1, (1, 0)), "x == '0) window", "1'b0) window"),
    ("sends half a window", line("row", (1, 3), 2, 1, (0, 0)), "WAIT_BITS'(FIRST)", "'0"),
    (
        "overwrites a window",
        line("row", (1, 3), 2, 1, (0, 0)),
        "!out0_V_TVALID || out0_V_TREADY;\n  assign in0",
        "1'b1;\n  assign in0",
    ),
    ("keeps words of the frame before", line("column", (2, 2), 2, 1, (1, 0)), "y == '0) above", "1'b0) above"),
    (
        "writes a word late",
        line("column", (2, 2), 2, 1, (0, 0)),
        "if (held && move) memory",
        "if (held && !move) memory",
    ),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug[1].modules[0]}: {bug[0]}")
def test_bug_is_found(bug: tuple[str, Claim, str, str], tmp_path: Path) -> None:
    _, claim, right, wrong = bug
    changed = 0
    rtl = []
    for module in claim.modules:
        text = (RTL / f"{module}.sv").read_text()
        changed += right in text
        rtl.append(tmp_path / f"{module}.sv")
        rtl[-1].write_text(text.replace(right, wrong))
    assert changed, f"{claim.modules}: no {right!r} to break"
    # Induction would only say that it cannot go on; a bug must be reached from reset.
    proof = check(Claim(claim.top, claim.modules, claim.parameters), rtl)
    assert proof.broken, "a bug went through"


def test_a_proof_of_nothing_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "idle.sv"
    source.write_text(
        "module idle(input logic ap_clk, output logic q);\n  always_ff @(posedge ap_clk) q <= !q;\nendmodule\n"
    )
    with pytest.raises(ProofError, match="idle has no assertions"):
        prove("idle", [source])


def test_a_refused_design_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "bad.sv"
    source.write_text("module bad(input logic a);\n  assign [ = a;\nendmodule\n")
    with pytest.raises(ProofError, match=r"bad: .*ERROR"):
        prove("bad", [source])


@pytest.mark.parametrize("engine", ["pdr", "induction"])
def test_registers_start_at_any_value(tmp_path: Path, engine: Engine) -> None:
    """A proof that took all registers for zero at the start would pass this."""
    source = tmp_path / "start.sv"
    source.write_text(
        "module start(input logic ap_clk, input logic a);\n  logic [1:0] q;\n"
        "  always_ff @(posedge ap_clk) begin\n    if (a) q <= 2'd1;\n    never: assert (q != 2'd3);\n  end\nendmodule\n"
    )
    assert not prove("start", [source], engine=engine).holds
