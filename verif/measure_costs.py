# SPDX-License-Identifier: Apache-2.0
"""Makes the points that the folding solver's costs are interpolated between: hwflow/costs/points.json.

    python verif/measure_costs.py [--grid] [--fresh] [--network 3-dataflow.onnx --fps 200,500] [FOLDER ...]

takes the nodes of build folders (their rtl/ and resources.json). --grid synthesises modules over a grid of parameters, with
random constants; --network those shapes of a network, folded for some rates, of which nothing was measured, one node each.
Shapes measured before keep their place unless --fresh; one measured with several constants gets their mean. The family
is 7 series, counts are Yosys', before place and route. Run it when a module's SystemVerilog has changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.cache import cache_root
from hwflow.compile.assemble import assemble
from hwflow.compile.fold import fold
from hwflow.compile.generate import is_fifo
from hwflow.compile.solve import Limits
from hwflow.costs.model import POINTS, Cost, CostModel, Point, read_points, write_points
from hwflow.costs.shapes import Shape, Shaper
from hwflow.flow.back import RTL, read_costs, read_sizing
from hwflow.hw.bits import Bits, pack
from hwflow.hw.ops.activation import even_parameters
from hwflow.sim.design import load_design
from hwflow.synth.operators import module_job
from hwflow.synth.resources import Resources
from hwflow.synth.yosys import Job, synthesise_all

Parameters = dict[str, int | str | Bits]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="build folders with resources.json")
    parser.add_argument("--grid", action="store_true", help="synthesise the grid too")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--network", type=Path, metavar="FILE", help="3-dataflow.onnx of a build")
    parser.add_argument("--fps", default="200", metavar="LIST", help="rates to fold the network for (default: 200)")
    args = parser.parse_args()
    measured: dict[Shape, list[Cost]] = {}
    for folder in args.folders:
        for shape, cost in _of_build(folder):
            measured.setdefault(shape, []).append(cost)
    if args.grid:
        for shape, cost in _of_grid():
            measured.setdefault(shape, []).append(cost)
    points = {} if args.fresh or not POINTS.is_file() else {p.shape: p.cost for p in read_points(POINTS)}
    points |= {shape: _mean(costs) for shape, costs in measured.items()}
    if args.network:
        found = _of_network(args.network, [float(fps) for fps in args.fps.split(",")], points)
        measured |= {shape: [cost] for shape, cost in found.items()}
        points |= found
    write_points(points, POINTS)
    sys.stdout.write(f"{len(measured)} shapes measured, {len(points)} in {POINTS.name}\n")
    return 0


def _mean(costs: list[Cost]) -> Cost:
    return Cost(
        round(sum(c.lut for c in costs) / len(costs), 1),
        round(sum(c.ff for c in costs) / len(costs), 1),
        max(c.bram18 for c in costs),
        max(c.dsp for c in costs),
    )


def _cost(found: Resources) -> Cost:
    return Cost(found.lut, found.ff, round(2 * found.bram36), found.dsp)


def _of_build(folder: Path) -> Iterator[tuple[Shape, Cost]]:
    design = load_design(folder / RTL)
    costs = read_costs(folder)
    depths = read_sizing(folder).depths
    for node in design.graph.node:
        op = getCustomOp(node)
        if is_fifo(op):
            op.set_nodeattr("depth", depths[node.name])
        yield Shaper(op, design).shape(), _cost(costs[node.name])


def _of_network(path: Path, rates: list[float], points: Mapping[Shape, Cost]) -> dict[Shape, Cost]:
    """Two rounds: what the first measures may change the second's folding."""
    known = dict(points)
    for _ in range(2):
        jobs: dict[str, Job] = {}
        shapes: dict[str, Shape] = {}
        for fps in rates:
            model = ModelWrapper(str(path), fix_missing_initializer_valueinfo=False)
            costs = CostModel([Point(shape, cost) for shape, cost in known.items()])
            folded = fold(model, 100, fps, Limits(45000, 135, 200), costs=costs)
            design = assemble(model, folded.folding)
            for node in design.graph.node:
                op = getCustomOp(node)
                if is_fifo(op) or (shape := Shaper(op, design).shape()) in {*known, *shapes.values()}:
                    continue
                name = f"{fps:g} {node.name}"
                shapes[name] = shape
                jobs[name] = _job(op.module(), op.parameters(op.constants(design)))
        sys.stderr.write(f"{path}: {len(jobs)} new shapes\n")
        found = synthesise_all(jobs, cache=cache_root() / "synth")
        known |= {shapes[name]: _cost(cost) for name, cost in found.items()}
    return {shape: cost for shape, cost in known.items() if shape not in points}


def _job(module: str, parameters: Mapping[str, int | str | Bits]) -> Job:
    # SHIFTS is no parameter: it says what the constants of hwf_affine are.
    return module_job(module, {name: value for name, value in parameters.items() if name != "SHIFTS"})


def _of_grid() -> Iterator[tuple[Shape, Cost]]:
    cases = list(_grid(np.random.default_rng(6868)))
    jobs = {str(number): _job(module, parameters) for number, (module, parameters) in enumerate(cases)}

    def shown(done: int, total: int) -> None:
        sys.stderr.write(f"grid: {done} of {total}\n")

    found = synthesise_all(jobs, cache=cache_root() / "synth", progress=shown)
    for number, (module, parameters) in enumerate(cases):
        yield Shape.of(module, parameters), _cost(found[str(number)])


def _grid(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    for width, depth in product((1, 6, 24, 96), (1, 2, 3, 16, 40, 150, 600, 1500)):
        yield "hwf_fifo", {"WIDTH": width, "DEPTH_BEATS": depth, "STYLE": "auto"}
    for narrow, parts in product((1, 6, 12, 24), (2, 3, 4, 8, 24)):
        yield "hwf_width", {"IN_WIDTH": narrow, "OUT_WIDTH": narrow * parts}
        yield "hwf_width", {"IN_WIDTH": narrow * parts, "OUT_WIDTH": narrow}
    yield from _routes(random)
    yield from _maps()
    yield from _functions(random)
    yield from _lines(random)
    yield from _windows()
    yield from islice(_binary(random), 0, None, 4)
    yield from _integer(random)
    yield from _affine(random)
    yield from _luts(random)


def _routes(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    for pe in (1, 2, 4, 12):
        for width, copies in product((1 * pe, 6 * pe), (2, 3)):
            yield "hwf_fork", {"WIDTH": width, "COPIES": copies}
        for bits in (3, 6):
            yield "hwf_add", {"PE": pe, "IBITS0": bits, "IBITS1": 6, "OBITS": 7}
            yield "hwf_add", {"PE": pe, "IBITS0": bits, "IBITS1": 6, "OBITS": 6}
            yield "hwf_interleave", {"BITS": bits, "PE": pe}
            yield "hwf_signs", {"PE": pe}
            for module in ("hwf_split", "hwf_concat"):
                yield module, {"BITS": bits, "PE": pe, "C0": 24, "C1": 24}
            for signed in (0, 1):
                yield "hwf_max", {"PE": pe, "BITS": bits, "SIGNED": signed, "WINDOW": 4 if bits == 3 else 9}
    for c, pe, pixels in ((24, 1, 784), (96, 2, 49), (1024, 1, 49), (1024, 4, 49), (8, 8, 16)):
        accumulated: Parameters = {"IBITS": 4, "ISIGNED": 1, "OBITS": 10, "PIXELS": pixels, "STYLE": "auto"}
        yield "hwf_accumulate", {"C": c, "PE": pe, **accumulated}
    for c, pe in ((6, 1), (10, 2), (6, 6)):
        yield "hwf_top1", {"C": c, "PE": pe, "BITS": 24, "SIGNED": 1, "OBITS": 4}


def _maps() -> Iterator[tuple[str, Parameters]]:
    """Windows over maps of 1-bit and 6-bit pixels."""
    shapes = [
        (24, 28, 3, 1),
        (48, 14, 3, 1),
        (96, 7, 3, 1),
        (24, 56, 5, 2),
        (96, 14, 3, 2),
        (64, 12, 3, 1),
        (48, 28, 2, 2),
    ]
    for c, size, kernel, stride in shapes:
        pad = (kernel - 1) // 2
        pads: Parameters = dict.fromkeys(("PAD_T", "PAD_L", "PAD_B", "PAD_R"), pad)
        for simd, style in product((1, 8 if c % 8 == 0 else 6, c), ("lut", "block")):
            deep = kernel == 2
            yield "hwf_swg", {
                "BITS": 6 if deep else 1, "C": c, "SIMD": min(simd, 6) if deep else simd, "H": size, "W": size, "KH": kernel,
                "KW": kernel, "STRIDE": stride, "PAD_CODE": pack(np.array([0]), 6 if deep else 1), "DEPTHWISE": int(deep),
                "STYLE": style, **pads,
            }  # fmt: skip
    for c, simd in ((24, 1), (24, 6), (96, 2)):
        yield "hwf_swg", {
            "BITS": 6, "C": c, "SIMD": simd, "H": 28, "W": 28, "KH": 1, "KW": 1, "STRIDE": 2, "PAD_CODE": pack(np.array([0]), 6),
            "DEPTHWISE": 0, "STYLE": "lut", **dict.fromkeys(("PAD_T", "PAD_L", "PAD_B", "PAD_R"), 0),
        }  # fmt: skip


def _functions(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    for c, pe, ibits, steps, even in (
        (24, 1, 6, 1, 0), (24, 2, 6, 1, 0), (96, 1, 6, 1, 0), (96, 4, 6, 1, 0), (24, 1, 9, 7, 0), (24, 4, 9, 7, 0),
        (48, 1, 10, 7, 0),
        (96, 1, 11, 7, 0), (96, 2, 11, 7, 0), (24, 1, 9, 7, 1), (48, 1, 10, 7, 1), (96, 1, 11, 7, 1), (96, 2, 11, 7, 1),
        (1024, 1, 15, 15, 0), (64, 4, 12, 3, 0),
    ):  # fmt: skip
        tbits, reach = ibits + 1, 1 << (ibits - 2)
        first, gap = random.integers(-reach, 0, (c, 1)), random.integers(1, max(2, reach // (steps + 1)), (c, 1))
        thresholds = (
            first + gap * np.arange(steps) if even else np.sort(random.integers(-reach, reach, (c, steps)), axis=1)
        )
        parameters: Parameters = {
            "C": c, "PE": pe, "IBITS": ibits, "ISIGNED": 1, "STEPS": steps, "TBITS": tbits,
            "OBITS": max(1, (steps + 1) // 2).bit_length(),
            "BIAS": 0, "THRESHOLDS": pack(thresholds, tbits),
        }  # fmt: skip
        if even:
            parameters |= even_parameters(thresholds, -(1 << (ibits - 1)), (1 << (ibits - 1)) - 1, c // pe)
        yield "hwf_threshold", parameters
    for c, pe, ibits, obits, style in (
        (24, 1, 8, 4, "lut"),
        (24, 2, 8, 4, "block"),
        (64, 1, 10, 8, "block"),
        (8, 1, 6, 6, "lut"),
    ):
        yield "hwf_table", {
            "C": c, "PE": pe, "IBITS": ibits, "OBITS": obits, "STYLE": style,
            "TABLE": pack(random.integers(0, 1 << obits, (c, 1 << ibits)), obits),
        }  # fmt: skip


def _luts(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    """Products in LUTs."""
    for mw, mh, simd, pe, a, w, signed in (
        (81, 24, 9, 1, 8, 8, 0), (81, 24, 9, 2, 8, 8, 0), (81, 24, 27, 2, 8, 8, 0), (81, 24, 81, 1, 8, 8, 0),
        (192, 128, 16, 2, 6, 4, 1), (192, 128, 16, 4, 6, 4, 1), (192, 128, 4, 1, 6, 4, 1),
        (27, 16, 3, 4, 8, 2, 0), (256, 10, 1, 1, 10, 8, 1), (64, 16, 8, 2, 2, 2, 1),
    ):  # fmt: skip
        yield "hwf_mvu_int", {
            "MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "ABITS": a, "ASIGNED": signed, "WBITS": w,
            "OBITS": a + w + int(mw).bit_length(), "MULTIPLIER": "lut", "WSTYLE": "lut",
            "WEIGHTS": pack(random.integers(-(1 << (w - 1)), 1 << (w - 1), mh * mw), w),
        }  # fmt: skip


def _affine(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    for (c, pe), shifts in product(((24, 1), (24, 4), (48, 1), (96, 1), (96, 2), (8, 8)), (0, 1)):
        ibits, mbits, abits = 7, 6, 4
        slopes = 1 << random.integers(0, 4, (2, c)) if shifts else random.integers(0, 31, (2, c))
        offsets = random.integers(-7, 8, (2, c))
        yield "hwf_affine", {
            "C": c, "PE": pe, "IBITS": ibits, "ISIGNED": 1, "OBITS": 6, "OSIGNED": 1, "FRAC": 3, "MBITS": mbits,
            "ABITS": abits, "KNEES": pack(random.integers(-60, 60, c), ibits + 1), "MLO": pack(slopes[0], mbits),
            "MHI": pack(slopes[1], mbits), "ALO": pack(offsets[0], abits), "AHI": pack(offsets[1], abits), "SHIFTS": shifts,
        }  # fmt: skip


def _lines(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    for c, knee, style in ((24, 0, "lut"), (96, 0, "lut"), (96, 0, "block"), (48, 1, "lut"), (1024, 1, "block")):
        for pe in (1, 2):
            ibits, mbits, abits = (9, 9, 13) if c < 1000 else (15, 20, 34)
            word = mbits + abits if not knee else ibits + 1 + 2 * (mbits + abits)
            yield "hwf_line", {
                "C": c, "PE": pe, "IBITS": ibits, "ISIGNED": 1, "OBITS": 3, "OSIGNED": 1, "FRAC": 11, "MBITS": mbits,
                "ABITS": abits, "KNEE": knee, "STYLE": style, "LINES": pack(random.integers(0, 2, c * word), 1),
            }  # fmt: skip
    searches = ((24, 1, 19, 63, "lut"), (24, 2, 9, 7, "lut"), (96, 1, 11, 7, "lut"), (96, 1, 11, 7, "block"))
    for c, pe, ibits, steps, style in searches:
        yield "hwf_threshold_search", {
            "C": c, "PE": pe, "IBITS": ibits, "ISIGNED": 1, "STEPS": steps, "TBITS": ibits, "OBITS": 6, "BIAS": -(steps + 1) // 2,
            "STYLE": style, "THRESHOLDS": pack(np.sort(random.integers(-99, 99, (c, steps)), axis=1), ibits),
        }  # fmt: skip


def _windows() -> Iterator[tuple[str, Parameters]]:
    for c, size, kernel, stride, bits, style in (
        (1, 224, 9, 2, 8, "block"), (1, 64, 5, 2, 8, "lut"), (3, 32, 3, 1, 8, "lut"), (3, 32, 3, 1, 8, "block"),
    ):  # fmt: skip
        pad = kernel // 2
        sizes: Parameters = {
            "BITS": bits, "C": c, "H": size, "W": size, "KH": kernel, "KW": kernel, "STRIDE": stride, "PAD_T": pad, "PAD_L": pad,
            "PAD_B": pad, "PAD_R": pad, "PAD_CODE": pack(np.array([0]), bits), "STYLE": style,
        }  # fmt: skip
        yield "hwf_swg_row", sizes
        yield "hwf_swg_whole", sizes


def _binary(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    sizes = [(216, 24), (432, 48), (96, 96), (600, 24), (256, 10)]
    for (mw, mh), pe, threshold, style in product(sizes, (1, 2, 4), (0, 1), ("lut", "block")):
        if mh % pe:
            continue
        for simd in sorted({next(d for d in range(least, mw + 1) if mw % d == 0) for least in (1, 8, 24, 48)}):
            if random.random() < 0.7:
                continue
            bits = 1 if random.random() < 0.7 else int(random.choice([2, 4, 8]))
            reach = mw * ((1 << bits) - 1)
            obits = int(2 * reach).bit_length()
            tbits = max(2, obits + 1)
            parameters: Parameters = {
                "MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "ABITS": bits, "ASIGNED": int(bits > 1 and pe > 1),
                "THRESHOLD": threshold, "OBITS": 1 if threshold else obits, "WSTYLE": style, "TBITS": tbits,
                "WEIGHTS": pack(random.integers(0, 2, mh * mw), 1),
                "THRESHOLDS": pack(random.integers(-mw // 3, mw // 3 + 1, mh), tbits),
            }  # fmt: skip
            yield "hwf_mvu_binary", parameters


def _integer(random: np.random.Generator) -> Iterator[tuple[str, Parameters]]:
    sizes: list[Mapping[str, Any]] = [
        {"mw": 81, "mh": 24, "a": 8, "w": 8, "signed": 0},
        {"mw": 192, "mh": 128, "a": 6, "w": 4, "signed": 1},
        {"mw": 256, "mh": 10, "a": 10, "w": 8, "signed": 1},
    ]
    for size, pe, least, style in product(sizes, (1, 2, 8), (1, 9), ("lut", "block")):
        mw, mh = size["mw"], size["mh"]
        if mh % pe:
            continue
        simd = next(d for d in range(least, mw + 1) if mw % d == 0)
        yield "hwf_mvu_int", {
            "MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "ABITS": size["a"], "ASIGNED": size["signed"], "WBITS": size["w"],
            "OBITS": size["a"] + size["w"] + int(mw).bit_length(), "MULTIPLIER": "dsp", "WSTYLE": style,
            "WEIGHTS": pack(random.integers(-(1 << (size["w"] - 1)), 1 << (size["w"] - 1), mh * mw), size["w"]),
        }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
