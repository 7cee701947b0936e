# SPDX-License-Identifier: Apache-2.0
"""A made-up report of a Bi-ShuffleNet, of the size and shape of a real one: for tests of reading and drawing only."""

import random
from dataclasses import dataclass, field
from math import prod

from hwflow.report.schema import (
    Cost,
    CurvePoint,
    Graph,
    GraphEdge,
    GraphNode,
    Layer,
    NextStep,
    Performance,
    Report,
    Resources,
    Run,
    Stage,
    StreamCheck,
    Verification,
    cost_by_group,
    cost_by_op,
)

CLOCK_MHZ = 100
TARGET_FPS = 200.0
BUDGET = {"lut": 53200, "ff": 106400, "bram36": 140, "dsp": 220}

SLOWEST = "stage3.0.right.conv2.conv"

Shape = tuple[int, int, int]


@dataclass
class _Pipeline:
    """Adds nodes one behind the other, as a compiler would; every node returns its own name."""

    random: random.Random
    layers: list[Layer] = field(default_factory=list)
    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)

    def end(self, name: str, op: str, sources: list[str], shape: Shape, bits: int) -> str:
        self._join(name, op, sources, shape, bits)
        return name

    def node(self, name: str, op: str, sources: list[str], shape: Shape, bits: int, cycles: int = 0) -> str:
        self._join(name, op, sources, shape, bits)
        channels = shape[0]
        mac = "MVAU" in op
        pe = self.random.choice([p for p in (1, 2, 4, 8) if channels % p == 0])
        cycles = cycles or int(491_520 * self.random.uniform(0.01, 0.3))
        lut = self.random.randrange(250, 900) if mac else self.random.randrange(12, 190)
        self.layers.append(
            Layer(
                name=name,
                op=op,
                pe=pe,
                simd=self.random.choice([8, 16, 32]) if mac else 1,
                cycles=cycles,
                fastest_cycles=min(cycles, prod(shape[1:])),
                group=name.split(".")[0],
                lut=lut,
                ff=int(lut * self.random.uniform(0.4, 1.1)),
                bram36=self.random.choice([0.5, 1.0, 2.0]) if mac and self.random.random() < 0.3 else 0.0,
                dsp=self.random.choice([4, 8]) if op == "IntegerMVAU" else 0,
                fifo_depth=self.random.choice([2, 2, 2, 16, 32]) if op != "StreamingFIFO" else 64,
            )
        )
        return name

    def _join(self, name: str, op: str, sources: list[str], shape: Shape, bits: int) -> None:
        self.nodes.append(GraphNode(name=name, op=op))
        self.shapes[name], self.bits[name] = shape, bits
        for source in sources:
            depth = self.random.choice([2, 2, 2, 16, 32, 256])
            came = self.shapes[source]
            self.edges.append(
                GraphEdge(
                    source=source,
                    target=name,
                    bits=self.bits[source],
                    elements=prod(came),
                    cycles=prod(came),
                    shape=came,
                    fifo_depth=depth,
                    high_water=self.random.randrange(1, depth + 1),
                )
            )


def _conv(p: _Pipeline, name: str, source: str, shape: Shape, *, kernel: int, stride: int = 1) -> str:
    """RSign, window, 1-bit MVU and k-bit thresholds."""
    channels, height, width = shape
    out = (channels, height // stride, width // stride)
    last = p.node(f"{name}.sign", "ChannelThreshold", [source], shape, 1)
    if kernel > 1:
        window = (channels * kernel * kernel, *out[1:])
        busy = int(491_520 * p.random.uniform(0.1, 0.5))
        last = p.node(f"{name}.swg", "SlidingWindow", [last], window, 1, cycles=busy)
    work = 491_520 if name == SLOWEST else int(491_520 * p.random.uniform(0.35, 0.95))
    last = p.node(f"{name}.mvau", "BinaryMVAU", [last], out, 9, cycles=work)
    return p.node(f"{name}.quant", "ChannelThreshold", [last], out, 3)


def _shortcut_conv(p: _Pipeline, name: str, source: str, shape: Shape, **how: int) -> str:
    """A convolution with its shortcut: fork, branch, FIFO on the way past it, add, RPReLU after a 1x1."""
    stride = how.get("stride", 1)
    out = (shape[0], shape[1] // stride, shape[2] // stride)
    fork = p.node(f"{name}.fork", "DuplicateStreams", [source], shape, 6)
    branch = _conv(p, f"{name}.conv", fork, shape, **how)  # type: ignore[arg-type]
    past = fork
    if stride > 1:
        past = p.node(f"{name}.pool", "StreamingMaxPool", [fork], out, 6)
    past = p.node(f"{name}.fifo", "StreamingFIFO", [past], out, 6)
    total = p.node(f"{name}.add", "AddStreams", [branch, past], out, 7)
    return p.node(f"{name}.act", "PiecewiseAffine", [total], out, 6) if how["kernel"] == 1 else total


def _down(p: _Pipeline, name: str, source: str, shape: Shape) -> tuple[str, Shape]:
    channels, height, width = shape
    half = (channels, height // 2, width // 2)
    fork = p.node(f"{name}.fork", "DuplicateStreams", [source], shape, 6)
    left = _conv(p, f"{name}.left.conv1", fork, shape, kernel=5, stride=2)
    left = _conv(p, f"{name}.left.conv2", left, half, kernel=1)
    pool = p.node(f"{name}.left.pool", "StreamingMaxPool", [fork], half, 6)
    left = p.node(f"{name}.left.add", "AddStreams", [left, pool], half, 7)
    left = p.node(f"{name}.left.act", "PiecewiseAffine", [left], half, 6)
    right = _shortcut_conv(p, f"{name}.right.conv1", fork, shape, kernel=1)
    right = _shortcut_conv(p, f"{name}.right.conv2", right, shape, kernel=3)
    right = _shortcut_conv(p, f"{name}.right.conv3", right, shape, kernel=3, stride=2)
    right = _shortcut_conv(p, f"{name}.right.conv4", right, half, kernel=1)
    out = (2 * channels, *half[1:])
    return p.node(f"{name}.shuffle", "InterleaveChannels", [left, right], out, 6), out


def _basic(p: _Pipeline, name: str, source: str, shape: Shape) -> str:
    channels, height, width = shape
    half = (channels // 2, height, width)
    split = p.node(f"{name}.split", "SplitChannels", [source], half, 6)
    right = split
    for number, kernel in enumerate((1, 3, 3, 1), 1):
        right = _shortcut_conv(p, f"{name}.right.conv{number}", right, half, kernel=kernel)
    return p.node(f"{name}.shuffle", "InterleaveChannels", [split, right], shape, 6)


# Of each asked speed: the share of this design's cost that its folding takes, and the cycles of its slowest node.
SPEEDS = {"30": (0.72, 3_211_264), "60": (0.76, 1_605_632), "100": (0.84, 983_040), "200": (1.0, 491_520),
          "300": (1.19, 327_680), "max": (1.36, 262_144), "500": (1.58, 196_608), "1000": (2.2, 131_072)}  # fmt: skip


def _curve(cost: dict[str, float], lut_budget: int) -> tuple[CurvePoint, ...]:
    """1000 fps are out of reach, since one node needs 131 072 cycles at its highest folding."""
    points = []
    for label, (share, bound) in SPEEDS.items():
        fps = float(label) if label != "max" else 381.4
        lut = int(cost["lut"] * share)
        points.append(
            CurvePoint(
                label=label,
                fps=fps,
                cycles=int(CLOCK_MHZ * 1e6 / fps * 0.98),
                bound_cycles=bound,
                lut=lut,
                ff=int(cost["ff"] * share),
                bram36=round(2 * cost["bram36"] * share) / 2,
                dsp=int(cost["dsp"] * share * share),
                fits=lut <= lut_budget and bound > 200_000,
                reached=bound > 131_072,
            )
        )
    return tuple(points)


def sample_report(*, seed: int = 1, mismatches: int = 0, lut_budget: int = BUDGET["lut"], units: int = 2) -> Report:
    """A report of three stages of `units` units; `mismatches` values of one stream differ."""
    p = _Pipeline(random.Random(seed))
    last = p.end("input", "Input", [], (1, 64, 64), 8)
    window = p.node("stem.swg", "SlidingWindow", [last], (25, 32, 32), 8, cycles=25_600)
    last = p.node("stem.conv", "IntegerMVAU", [window], (16, 32, 32), 18, cycles=409_600)
    last = p.node("stem.act", "PiecewiseAffine", [last], (16, 32, 32), 6)
    last = p.node("stem.pool.swg", "SlidingWindow", [last], (144, 16, 16), 6, cycles=36_864)
    last = p.node("stem.pool.max", "StreamingMaxPool", [last], (16, 16, 16), 6)
    shape = (16, 16, 16)
    for stage in (2, 3, 4):
        last, shape = _down(p, f"stage{stage}.0", last, shape)
        for unit in range(1, units):
            last = _basic(p, f"stage{stage}.{unit}", last, shape)
    last = p.node("head.dwc", "WidthConverter", [last], shape, 6)
    last = p.node("head.conv", "IntegerMVAU", [last], (256, 2, 2), 16, cycles=131_072)
    last = p.node("head.quant", "ChannelThreshold", [last], (256, 2, 2), 4)
    last = p.node("head.sum", "GlobalAccumulate", [last], (256, 1, 1), 6)
    last = p.node("head.classifier", "IntegerMVAU", [last], (6, 1, 1), 20, cycles=1536)
    last = p.node("head.top1", "LabelSelect", [last], (1, 1, 1), 3)
    p.end("output", "Output", [last], (1, 1, 1), 3)

    wrong = f"{SLOWEST}.mvau"
    streams = tuple(
        StreamCheck(
            name=f"{edge.source} -> {edge.target}",
            layer=edge.source,
            values=edge.elements * 48,
            mismatches=mismatches if edge.source == wrong else 0,
            first_mismatch="run 1, frame 3, pixel (4, 7), channel 12: expected -37, got 219"
            if mismatches and edge.source == wrong
            else None,
        )
        for edge in p.edges
    )
    cost = {name: sum(getattr(layer, name) for layer in p.layers) for name in ("lut", "ff", "bram36", "dsp")}
    bound = max(layer.cycles for layer in p.layers)
    cycles = bound + 2113
    fits = cost["lut"] <= lut_budget
    advice = () if fits else ("Lower --fps to 120, or choose a larger board: zcu104 has 230400 LUT.",)
    return Report(
        model="bi_shufflenet",
        recipe="mini",
        board="pynq-z2",
        part="xc7z020clg400-1",
        clock_mhz=CLOCK_MHZ,
        input_shape=(1, 64, 64),
        performance=Performance(
            source="rtlsim",
            cycles_per_frame=cycles,
            bound_cycles=bound,
            fps=round(CLOCK_MHZ * 1e6 / cycles, 2),
            latency_cycles=812_344,
            latency_ms=812_344 / CLOCK_MHZ / 1e3,
            target_fps=TARGET_FPS,
        ),
        resources=Resources(
            source="yosys",
            lut=int(cost["lut"]),
            ff=int(cost["ff"]),
            bram36=cost["bram36"],
            dsp=int(cost["dsp"]),
            budget={**BUDGET, "lut": lut_budget},
            fits=fits,
            by_op=cost_by_op(p.layers),
            predicted=Cost(lut=int(cost["lut"] * 0.96), ff=int(cost["ff"]), bram36=cost["bram36"] + 1,
                           dsp=int(cost["dsp"])),
            binds="lut",
            by_group=cost_by_group(p.layers),
        ),
        verification=Verification(
            frames=16,
            tensors=len(streams),
            values=sum(stream.values for stream in streams),
            mismatches=mismatches,
            labels_equal=mismatches == 0,
            streams=streams,
            runs=(
                Run(name="steady", frames=16, cycles=16 * cycles + 320_000),
                Run(name="both ends stalled", frames=16, cycles=22 * cycles, input_stall_percent=30,
                    output_stall_percent=30, seed=1, mismatches=mismatches),
                Run(name="output stalled", frames=16, cycles=31 * cycles, output_stall_percent=60, seed=2),
            ),
        ),
        layers=tuple(p.layers),
        graph=Graph(nodes=tuple(p.nodes), edges=tuple(p.edges)),
        stages=tuple(
            Stage(name=name, seconds=seconds, cached=cached)
            for name, seconds, cached in (
                ("export", 2.1, False), ("streamline", 6.8, False), ("map", 3.3, True), ("fold", 1.2, False),
                ("generate", 4.9, False), ("fifo", 41.7, False), ("verify", 88.4, False), ("synthesise", 131.0, False),
                ("report", 0.4, False),
            )
        ),
        versions={"hwflow": "0.1.0", "python": "3.11.7", "torch": "2.12.1", "brevitas": "0.13.0", "qonnx": "1.0.0",
                  "finn-plus": "1.6.1", "verilator": "5.048", "yosys": "0.70", "c++": "g++ (Debian 12.2.0-14) 12.2.0"},
        advice=advice,
        curve=_curve(cost, lut_budget),
        next_step=NextStep(fps=231.0, bound_cycles=423_000, lut=310, ff=120, dsp=4, bram36=-0.5,
                           nodes=(f"{SLOWEST}.mvau",)),
    )  # fmt: skip
