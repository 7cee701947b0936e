# SPDX-License-Identifier: Apache-2.0
"""build.tcl, run by a Tcl interpreter with stand-ins for Vivado's commands: every command, every pin, every outcome."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from deploy_sample import Deployed

from hwflow.deploy.vivado import find_vivado, run_vivado
from hwflow.errors import BuildFailed, UserError

STAND_INS = Path(__file__).with_name("vivado.tcl")
GOOD = {"WNS": "0.412", "WHS": "0.021", "PERIOD": "10.000", "FAIL": ""}

# As Vivado prints them; the second table repeats a site.
REPORT_7SERIES = """\
+-------------------------+-------+-------+------------+-----------+-------+
|        Site Type        |  Used | Fixed | Prohibited | Available | Util% |
+-------------------------+-------+-------+------------+-----------+-------+
| Slice LUTs*             | 23105 |     0 |          0 |     53200 | 43.43 |
|   LUT as Logic          | 22013 |     0 |          0 |     53200 | 41.38 |
| Slice Registers         | 20411 |     0 |          0 |    106400 | 19.18 |
| Slice Registers         | 99999 |     0 |          0 |    106400 | 19.18 |
| Block RAM Tile          |  31.5 |     0 |          0 |       140 | 22.50 |
| DSPs                    |    24 |     0 |          0 |       220 | 10.91 |
"""


@dataclass(frozen=True)
class Outcome:
    code: int
    calls: tuple[tuple[str, ...], ...]
    said: tuple[str, ...]

    def named(self, name: str) -> list[tuple[str, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]


# Python's own Tcl interpreter knows no `exit`.
TKINTER = """
import os, sys, tkinter
tcl = tkinter.Tcl()
def leave(code="0"):
    tcl.eval("flush stdout")
    os._exit(int(code))
tcl.createcommand("exit", leave)
tcl.setvar("argv", tuple(sys.argv[2:]))
tcl.evalfile(sys.argv[1])
leave()
"""


def interpreter() -> list[str]:
    """A command that runs a Tcl file: Debian's package tcl or Python's own Tcl. PyPI has none, so a bare machine skips."""
    if tclsh := shutil.which("tclsh"):
        return [tclsh]
    if importlib.util.find_spec("_tkinter"):
        return [sys.executable, "-c", TKINTER]
    pytest.skip("needs a Tcl interpreter: apt-get install tcl")


def environment(folder: Path, changes: Mapping[str, str]) -> dict[str, str]:
    report = folder.parent / "report.txt"
    report.write_text(REPORT_7SERIES)
    return {**os.environ, **GOOD, "REPORT": str(report), **changes}


def run_script(folder: Path, **changes: str) -> Outcome:
    words = [*interpreter(), str(STAND_INS), str(folder / "build.tcl")]
    result = subprocess.run(
        words, capture_output=True, text=True, check=False, env=environment(folder, changes), cwd=folder.parent
    )
    assert not result.stderr, result.stderr
    lines = [tuple(line.split("\t")) for line in result.stdout.splitlines()]
    return Outcome(
        result.returncode,
        tuple(line[1:] for line in lines if line[0] == "CALL"),
        tuple(line[0] for line in lines if line[0] != "CALL"),
    )


def properties(outcome: Outcome, cell: str) -> dict[str, str]:
    """What `set_property -dict [list ...] cell` gave the cell."""
    (words,) = [call[1].split() for call in outcome.named("set_property") if call[-1] == cell]
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(
    "board,part",
    [
        ("pynq-z2", "xc7z020clg400-1"),
        ("kv260", "xck26-sfvc784-2LV-c"),
        ("rfsoc4x2", "xczu48dr-ffvg1517-2-e"),
    ],
)
def test_script_makes_the_two_files(deploy: Callable[..., Deployed], board: str, part: str) -> None:
    folder = deploy(board=board).folder
    outcome = run_script(folder)
    assert outcome.code == 0, outcome.said
    assert outcome.named("create_project")[0][-2:] == ("-part", part)
    assert (folder / "hwflow.bit").is_file()
    assert (folder / "hwflow.hwh").is_file()


def test_sources_are_complete_and_in_order(deploy: Callable[..., Deployed]) -> None:
    folder = deploy().folder
    (call,) = run_script(folder).named("add_files")
    files = [Path(file) for file in call[-1].split()]
    assert files[0].name == "fifo_depths.sv"
    assert files[-1].name == "accelerator_axis.v"
    assert sorted(files) == sorted((folder / "rtl").iterdir())


@pytest.mark.parametrize("board", ["pynq-z2", "zcu104"])
def test_one_clock_and_one_reset_reach_everything(deploy: Callable[..., Deployed], board: str) -> None:
    outcome = run_script(deploy(board=board).folder)
    nets: dict[str, set[str]] = {}
    for driver, pin in outcome.named("connect_bd_net"):
        nets.setdefault(driver, set()).add(pin)
    zynq = board == "pynq-z2"
    ports = {"ps/M_AXI_GP0_ACLK", "ps/S_AXI_HP0_ACLK"} if zynq else {"ps/maxihpm0_fpd_aclk", "ps/saxihp0_fpd_aclk"}
    assert nets == {
        "ps/FCLK_CLK0" if zynq else "ps/pl_clk0": ports
        | {"dma/s_axi_lite_aclk", "dma/m_axi_mm2s_aclk", "dma/m_axi_s2mm_aclk"}
        | {"control/aclk", "memory/aclk", "reset/slowest_sync_clk", "accelerator/ap_clk"},
        "ps/FCLK_RESET0_N" if zynq else "ps/pl_resetn0": {"reset/ext_reset_in"},
        "reset/peripheral_aresetn": {"dma/axi_resetn", "control/aresetn", "memory/aresetn", "accelerator/ap_rst_n"},
    }
    # An interface is an end of one link only.
    ends = [end for link in outcome.named("connect_bd_intf_net") for end in link]
    assert len(ends) == len(set(ends)) == 14


@pytest.mark.parametrize("head,out_bytes", [("top1", 1), ("logits", 8)])
def test_dma_is_as_wide_as_the_streams(deploy: Callable[..., Deployed], head: str, out_bytes: int) -> None:
    dma = properties(run_script(deploy(head).folder), "dma")
    assert dma["CONFIG.c_m_axis_mm2s_tdata_width"] == "32"  # 3 bytes a beat
    assert dma["CONFIG.c_s_axis_s2mm_tdata_width"] == str(8 * out_bytes)
    assert dma["CONFIG.c_m_axi_s2mm_data_width"] == str(max(32, 8 * out_bytes))
    assert dma["CONFIG.c_include_sg"] == "0"
    assert dma["CONFIG.c_sg_length_width"] == "26"


def test_processing_system_gives_the_clock(deploy: Callable[..., Deployed]) -> None:
    folder = deploy(clock_mhz=142.5).folder
    assert properties(run_script(folder, PERIOD="7.017"), "ps")["CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ"] == "142.5"


def test_processing_system_of_ultrascale(deploy: Callable[..., Deployed]) -> None:
    """PL0's clock and reset, one master port for control, one high-performance port of 128 bits for the DMA."""
    assert properties(run_script(deploy(board="zcu102", clock_mhz=187.5).folder), "ps") == {
        "CONFIG.PSU__FPGA_PL0_ENABLE": "1",
        "CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": "187.5",
        "CONFIG.PSU__USE__FABRIC__RST": "1",
        "CONFIG.PSU__USE__M_AXI_GP0": "1",  # M_AXI_HPM0_FPD
        "CONFIG.PSU__USE__M_AXI_GP1": "0",
        "CONFIG.PSU__USE__M_AXI_GP2": "0",
        "CONFIG.PSU__USE__S_AXI_GP2": "1",  # S_AXI_HP0_FPD
        "CONFIG.PSU__SAXIGP2__DATA_WIDTH": "128",
    }


def test_script_says_what_it_used(deploy: Callable[..., Deployed]) -> None:
    said = run_script(deploy().folder).said
    assert said == (
        "hwflow: Slice LUTs 23105",
        "hwflow: Slice Registers 20411",
        "hwflow: Block RAM Tile 31.5",
        "hwflow: DSPs 24",
        "hwflow: slowest path 9.588 ns of 10.000 ns (104.3 MHz), hold slack 0.021 ns",
        "hwflow: wrote hwflow.bit and hwflow.hwh",
    )


@pytest.mark.parametrize(
    "changes,message",
    [
        (
            {"WNS": "-0.75"},
            "the slowest path takes 10.750 ns and a clock of 100 MHz has 10.000 ns: build with --clock 93",
        ),
        # A slower clock than asked hides nothing.
        ({"PERIOD": "16.000", "WNS": "4.5"}, "the slowest path takes 11.500 ns and a clock of 100 MHz has 10.000 ns"),
        ({"WHS": "-0.080"}, "hold slack of -0.080 ns is negative"),
        ({"FAIL": "impl_1"}, "impl_1 ended with: synth_design ERROR"),
    ],
)
def test_no_bitstream_without_timing(deploy: Callable[..., Deployed], changes: dict[str, str], message: str) -> None:
    folder = deploy().folder
    outcome = run_script(folder, **changes)
    assert outcome.code == 1
    assert outcome.said[-1].startswith(f"ERROR: [hwflow] {message}")
    assert not (folder / "hwflow.bit").exists()


# --- run_vivado: the same stand-ins under the name of vivado ---


@pytest.fixture
def vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(**changes: str) -> None:
        for key, value in environment(tmp_path / "deploy", changes).items():
            monkeypatch.setenv(key, value)
        program = tmp_path / "bin" / "vivado"
        program.parent.mkdir(exist_ok=True)
        command = shlex.join([*interpreter(), str(STAND_INS)])
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return install


def test_run_vivado(deploy: Callable[..., Deployed], vivado: Callable[..., None]) -> None:
    folder = deploy().folder
    vivado()
    said = run_vivado(folder)
    assert said[0] == "Slice LUTs 23105"
    assert said[-1] == "wrote hwflow.bit and hwflow.hwh"
    assert "CALL\tlaunch_runs\tsynth_1" in (folder / "vivado.log").read_text()


def test_run_vivado_names_the_cause(deploy: Callable[..., Deployed], vivado: Callable[..., None]) -> None:
    folder = deploy().folder
    (folder / "hwflow.bit").write_text("of an earlier run")
    vivado(FAIL="synth_1")
    cause = r"^Vivado: ERROR: \[Synth 8-439\] module 'hwf_gone' not found \(see .*vivado.log\)$"
    with pytest.raises(BuildFailed, match=cause):
        run_vivado(folder)
    assert not (folder / "hwflow.bit").exists()


def test_run_vivado_names_missed_timing(deploy: Callable[..., Deployed], vivado: Callable[..., None]) -> None:
    folder = deploy().folder
    vivado(WNS="-0.750")
    with pytest.raises(BuildFailed, match="build with --clock 93"):
        run_vivado(folder)


def test_no_vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_vivado() is None
    with pytest.raises(UserError, match="no vivado on PATH"):
        run_vivado(tmp_path)
