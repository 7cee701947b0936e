# SPDX-License-Identifier: Apache-2.0
"""From SystemVerilog to a library: parameters, the cache, and the one line that a user gets for each mistake."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hwflow.errors import BuildFailed, UserError
from hwflow.sim import verilate
from hwflow.sim.engine import Simulation
from hwflow.sim.verilate import Stream, build

RTL = Path(__file__).parent / "rtl"
SKID = [RTL / "skid.sv"]
LINE = [RTL / "line.sv", RTL / "skid.sv", RTL / "hwf_fifo.sv"]


def beats_of(values: list[int], width: int) -> np.ndarray:
    size = (width + 7) // 8
    return np.array([list(value.to_bytes(size, "little")) for value in values], np.uint8).reshape(-1, size)


@pytest.mark.parametrize("width", [1, 12, 33, 64, 65, 130])
def test_streams_of_any_width(work: Path, width: int) -> None:
    library = build("skid", SKID, work, {"WIDTH": width, "ADD": 1})
    simulation = Simulation(library)
    assert [(s.name, s.kind, s.bits, s.bytes) for s in simulation.streams.values()] == [
        ("in0_V", "input", width, (width + 7) // 8),
        ("out0_V", "output", width, (width + 7) // 8),
    ]
    random = np.random.default_rng(width)
    values = [int.from_bytes(random.bytes(17), "little") % (1 << width) for _ in range(40)]
    given = beats_of(values, width)
    given[:, -1] |= 0xFF & ~((1 << ((width - 1) % 8 + 1)) - 1)  # what is above the stream's bits is nobody's
    result = simulation.run({"in0_V": given}, {"out0_V": 40}, max_cycles=1000, stall_in=0.3, stall_out=0.3)
    assert result.clean
    assert np.array_equal(result.outputs["out0_V"], beats_of([(v + 1) % (1 << width) for v in values], width))


def test_a_parameter_of_thousands_of_bits(work: Path) -> None:
    width = 200_000
    constant = int.from_bytes(np.random.default_rng(0).bytes(width // 8), "little") | 1 << (width - 1)
    simulation = Simulation(build("skid", SKID, work, {"WIDTH": width, "ADD": constant}))
    result = simulation.run({"in0_V": beats_of([0, 3], width)}, {"out0_V": 2}, max_cycles=100)
    assert np.array_equal(result.outputs["out0_V"], beats_of([constant, (constant + 3) % (1 << width)], width))


@pytest.mark.parametrize(("kind", "added"), [("add", 3), ("pass", 0)])
def test_a_string_parameter(work: Path, kind: str, added: int) -> None:
    simulation = Simulation(build("skid", SKID, work, {"ADD": "8'h03", "KIND": kind}))
    result = simulation.run({"in0_V": beats_of([4, 5], 8)}, {"out0_V": 2}, max_cycles=100)
    assert result.outputs["out0_V"][:, 0].tolist() == [4 + added, 5 + added]


def test_the_cache_is_by_content(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "skid.sv"
    source.write_text(SKID[0].read_text())
    first = build("skid", [source], work, {"WIDTH": 9})
    other = build("skid", [source], work, {"WIDTH": 10})
    assert first != other

    def no_compiler(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(verilate, "compile_all", no_compiler)
    unneeded = tmp_path / "unneeded.sv"
    unneeded.write_text("module unneeded; endmodule\n")
    source.write_text("// A comment is no change.\n" + source.read_text())
    assert build("skid", [unneeded, source], work, {"WIDTH": 9}) == first
    source.write_text(source.read_text().replace("in0_V_TDATA + ADD", "in0_V_TDATA - ADD"))
    with pytest.raises(AssertionError, match="compiled again"):
        build("skid", [source], work, {"WIDTH": 9})
    assert not list(work.glob(".*")), "scratch folders are left behind"


def build_and_run(work: Path) -> tuple[str, int]:
    library = build("skid", SKID, work, {"WIDTH": 8, "ADD": 7}, jobs=1)
    result = Simulation(library).run({"in0_V": beats_of([1], 8)}, {"out0_V": 1}, max_cycles=100)
    return library.name, int(result.outputs["out0_V"][0, 0])


def test_processes_share_a_work_folder(work: Path) -> None:
    before = set(work.glob("*.so"))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(build_and_run, [work, work]))
    assert done[0] == done[1]
    assert done[0][1] == 8
    assert [path.name for path in set(work.glob("*.so")) - before] == [done[0][0]]
    assert not list(work.glob(".*")) and not list((work / "objects").glob(".*"))


def test_a_refused_parameter_names_the_instance_and_the_value(work: Path) -> None:
    with pytest.raises(BuildFailed, match=r"^Verilator, skid: .*skid\.sv:\d+:\d+: skid.*: WIDTH=0 must be at least 1$"):
        build("skid", SKID, work, {"WIDTH": 0})


def test_broken_text_gives_verilators_first_error(work: Path, tmp_path: Path) -> None:
    source = tmp_path / "broken.sv"
    source.write_text("module broken(input logic ap_clk);\n  assign nothing = ;\nendmodule\n")
    with pytest.raises(
        BuildFailed, match=r"^Verilator, broken: .*broken\.sv:2:\d+: syntax error, unexpected ';'"
    ) as error:
        build("broken", [source], work)
    assert "\n" not in str(error.value)


def test_what_the_caller_gets_wrong(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.sv: No such file or directory; "):
        build("skid", [RTL / "gone.sv"], work)
    with pytest.raises(UserError, match="no source has a module skit; the modules are skid"):
        build("skit", SKID, work)
    tap = Stream("s1", "s1_tdata", "s1_tvalid", "s1_redy")
    with pytest.raises(UserError, match=r"^tap s1: no signal line\.s1_redy \(did you mean line\.s1_tdata\?\); "):
        build("line", LINE, work, taps=[tap])
    with pytest.raises(UserError, match=r"^gauge fife: no signal line\.fife\.high_water"):
        build("line", LINE, work, gauges=["fife"])
    source = tmp_path / "still.sv"
    source.write_text("module still(input logic ap_clk, output logic q);\n  assign q = ap_clk;\nendmodule\n")
    with pytest.raises(UserError, match="module still has no port ap_rst_n"):
        build("still", [source], work)
    with pytest.raises(UserError, match="parameter -4294967296: a negative number must fit in 32 bits"):
        build("skid", SKID, work, {"ADD": -(1 << 32)})
