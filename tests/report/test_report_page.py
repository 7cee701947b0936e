# SPDX-License-Identifier: Apache-2.0
"""report.html and the terminal's table: they say what the report says, load nothing, and shout where it is bad."""

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_sample import SLOWEST, sample_report
from rich.console import Console

from hwflow.report.__main__ import main
from hwflow.report.breakdown import draw_breakdown
from hwflow.report.chart import draw_cycles
from hwflow.report.files import read_report, write_report
from hwflow.report.findings import findings
from hwflow.report.html import render, write_html
from hwflow.report.kinds import kind_of, op_name
from hwflow.report.numbers import count, magnitude, percent, short, ticks
from hwflow.report.schema import Graph, Layer, Report, Verification
from hwflow.report.terminal import summary

VOID = {"meta", "input", "link", "br"}


class _Page(HTMLParser):
    """Text, attributes and the balance of a page's tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.classes: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.classes += [word for name, value in attrs if name == "class" for word in (value or "").split()]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u202f", " ").split())


def _terminal(report: Report, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(summary(report))
    printed: str = console.file.getvalue()  # type: ignore[attr-defined]
    return " ".join(printed.split())


def test_the_page_loads_nothing() -> None:
    page = render(sample_report())
    for tag, name, value in _Page(page).attributes:
        assert tag not in ("link", "img", "iframe", "object", "embed"), tag
        assert name not in ("src", "href", "xlink:href", "srcset", "action"), (tag, name, value)
    assert "url(" not in page
    assert "@import" not in page
    assert "://" not in page


def test_the_page_says_what_the_report_says() -> None:
    report = sample_report()
    page = _Page(render(report))
    slowest = report.bottleneck
    assert slowest is not None
    for words in (
        "bi_shufflenet mini",
        "xc7z020clg400-1",
        "Verified, every tensor exact",
        count(report.verification.values).replace("\u202f", " "),
        count(report.performance.cycles_per_frame).replace("\u202f", " "),
        "asked: 200 fps",
        f"{slowest.name} sets the pace",
        "Yosys, before place and route",
        "target: 500 000 cycles",
        "both ends stalled",
        "finn-plus",
    ):
        assert words in page.text, words
    tips = [value for _, name, value in page.attributes if name == "data-tip"]
    for layer in report.layers:
        assert layer.name in page.text
        seen = sum(tip.startswith(f"{layer.name}\n") for tip in tips)
        assert seen == (1 if layer.op == "StreamingFIFO" else 2)  # in the graph, and in the plot unless a FIFO
    streams = {f"{edge.source} → {edge.target}" for edge in report.graph.edges}
    assert {tip.split("\n")[0] for tip in tips if " → " in tip} == streams
    assert page.classes.count("good") == 1
    assert not {"bad", "wrong"} & set(page.classes)


def test_the_page_tells_where_resources_go_and_what_speed_costs() -> None:
    report = sample_report()
    page = _Page(render(report))
    for words in (
        "Its own folding is the limit: at its highest it would need 64.",
        "One step faster, 231 fps (423 000 cycles a frame), is predicted to take 310 LUT, 120 FF and 4 DSP more",
        "Predicted and measured",
        "LUT binds 37 370 38 928 +4.2 %",
        "FF 28 150 28 150 as predicted",
        "all of the board",
        "this build: 202.6 fps, measured",
        "1000 131 072 85 641 34 77 not reached, 762.9 at most",
    ):
        assert words in page.text, words
    for point in report.curve:
        assert count(point.lut).replace("\u202f", " ") in page.text
    assert page.classes.count("panel") == 3
    assert page.classes.count("measured") == 3
    assert page.classes.count("short") == 3
    tips = [value for _, name, value in page.attributes if name == "data-tip"]
    for group in report.resources.by_group:
        assert any(tip.startswith(f"{group.group}, LUT\n") for tip in tips)
    assert sum(tip.startswith("--fps ") for tip in tips) == 3 * len(report.curve)


def test_a_report_from_before_the_solver_is_drawn_too(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path)
    content = json.loads((tmp_path / "report.json").read_text())
    for key in ("curve", "next_step"):
        del content[key]
    for key in ("predicted", "binds", "by_group"):
        del content["resources"][key]
    for layer in content["layers"]:
        del layer["group"], layer["fastest_cycles"]
    (tmp_path / "report.json").write_text(json.dumps(content))
    old = read_report(tmp_path)
    page = _Page(render(old))
    for words in ("Speed against resources", "Predicted", "One step faster", "folding is the limit"):
        assert words not in page.text
    assert page.classes.count("panel") == 3  # blocks are then told from the names of the nodes
    assert "next step" not in _terminal(old)
    assert "predicted" not in _terminal(old)


def test_a_page_of_a_thousand_nodes_stays_small() -> None:
    report = sample_report(units=12)
    assert len(report.layers) > 1000
    page = render(report)
    assert len(page.encode()) < 2000 * len(report.layers)
    assert len(draw_breakdown(report)[0].rows) == 5


def test_the_same_report_gives_the_same_page() -> None:
    assert render(sample_report()) == render(sample_report())


def test_a_mismatch_and_a_design_that_does_not_fit_cannot_be_missed() -> None:
    report = sample_report(mismatches=3120, lut_budget=35_000)
    page = _Page(render(report))
    assert page.classes.count("bad") == 2
    assert "good" not in page.classes
    assert page.classes.count("wrong") >= 5  # two figures, the bar, the run and the stream
    for text in (page.text, _terminal(report)):
        assert "3 120 beats differ from the trained network" in text
        assert "stage3.0.right.conv2.conv.mvau: 3 120 beats, first at run 1, frame 3, pixel (4, 7)" in text
        assert "Does not fit the pynq-z2" in text
        assert f"{report.resources.lut - 35_000:,} too many".replace(",", " ") in text
        assert "Lower --fps to 120" in text
        assert "Verified" not in text


def test_names_from_outside_are_text_not_markup() -> None:
    evil = "<script>alert(1)</script>\"'&[bold]"
    report = sample_report().model_copy(
        update={"model": evil, "advice": (evil,), "layers": (Layer(name=evil, op=evil, cycles=3),), "graph": Graph()}
    )
    page = render(report)
    assert "<script>alert" not in page
    assert evil in _Page(page).text
    assert evil in _terminal(report, 300)


def test_a_report_of_a_build_that_stopped_early_is_drawn_too() -> None:
    report = sample_report()
    nothing = Verification(frames=0, tensors=0, values=0, mismatches=0, labels_equal=False)
    early = report.model_copy(
        update={"verification": nothing, "layers": (), "graph": Graph(), "stages": (), "advice": ()}
    )
    early = early.model_copy(update={"resources": report.resources.model_copy(update={"by_op": (), "budget": {}})})
    page = _Page(render(early))
    assert "Not simulated" in page.text
    assert "open" in page.classes
    assert "Verified" not in page.text
    assert "not simulated" in _terminal(early)


@pytest.mark.parametrize(
    ("change", "level", "title"),
    [
        ({"verification": {"labels_equal": False}}, "bad", "Labels differ from the trained network"),
        ({"performance": {"fps": 180.0}}, "bad", "Slower than asked: 180 fps"),
        ({"resources": {"fits": False}}, "bad", "Does not fit the pynq-z2"),
        ({"resources": {"dsp": 221}}, "bad", "Does not fit the pynq-z2"),
        ({"verification": {"frames": 0}}, "open", "Not simulated"),
        ({}, "good", "Verified, every tensor exact"),
    ],
)
def test_what_is_found(change: dict[str, dict[str, object]], level: str, title: str) -> None:
    report = sample_report()
    for part, values in change.items():
        report = report.model_copy(update={part: getattr(report, part).model_copy(update=values)})
    found = findings(report)
    assert [(finding.level, finding.title) for finding in found] == [(level, title)]


def test_the_table_on_the_terminal() -> None:
    report = sample_report()
    text = _terminal(report)
    for line in (
        "bi_shufflenet mini on pynq-z2 (xc7z020clg400-1, 100 MHz)",
        f"fps {report.performance.fps:.1f} 493 633 cycles a frame, bound 491 520, asked for 200",
        "latency 8.12 ms 812 344 cycles",
        "% of 53 200",
        "compared 25 141 584 values of 258 tensors in 16 frames",
        "mismatches 0 labels equal",
        "Verified, every tensor exact.",
        "LUT 38 928 73.2 % of 53 200, predicted 37 370 (+4.2 %)",
        f"bottleneck 491 520 cycles: {SLOWEST}.mvau at PE 4 × SIMD 16 (64 at its highest)",  # noqa: RUF001
        f"next step 231 fps predicted for 310 LUT, 120 FF and 4 DSP more, 0.5 BRAM36 less, by changing {SLOWEST}.mvau",
        "fps cycles LUT FF BRAM36 DSP predicted 30 3 211 264 28 028 20 268 11 8 fits",
        "500 196 608 61 506 44 477 24.5 39 LUT exceeded",
        "1000 131 072 85 641 61 930 34 77 not reached, 762.9 at most",
        "202.6 493 633 38 928 28 150 15.5 16 this build, measured",
    ):
        assert line in text, line


def test_a_far_target_is_left_to_words() -> None:
    report = sample_report()
    slow = report.model_copy(update={"performance": report.performance.model_copy(update={"target_fps": 10.0})})
    near, far = draw_cycles(report), draw_cycles(slow)
    assert near is not None
    assert far is not None
    assert near.target is not None
    assert far.target is None
    assert [bar.y for bar in near.bars if bar.slowest] == [min(bar.y for bar in near.bars)]
    assert near.bottleneck.y < near.target.y < min(bar.y for bar in near.bars)


def test_the_command_draws_again_from_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(sample_report(), tmp_path)
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "Verified, every tensor exact." in printed.out
    assert (tmp_path / "report.html").read_text() == render(read_report(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.html"}


def test_the_command_names_a_bad_file_and_draws_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text("{")
    assert main([str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"hwflow report: error: {tmp_path / 'report.json'}: not JSON")
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    path = write_html(sample_report(), tmp_path)
    assert path.read_text().endswith("</html>\n")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("BinaryMVAU_rtl", "multiply"), ("IntegerMVAU_rtl", "multiply"), ("ChannelThreshold_rtl", "function"),
        ("PiecewiseAffine_rtl", "function"), ("ChannelTable", "function"), ("SlidingWindow_rtl", "window"),
        ("StreamingMax_rtl", "window"), ("GlobalAccumulate", "window"), ("WidthConverter", "buffer"),
        ("ElasticFIFO_rtl", "buffer"), ("StreamingFIFO", "buffer"), ("AddStreams", "stream"), ("LabelSelect", "stream"),
        ("DuplicateStreams", "stream"), ("InterleaveChannels", "stream"), ("SomethingNew", "stream"),
    ],
)  # fmt: skip
def test_kinds_of_op(op: str, kind: str) -> None:
    assert kind_of(op) == kind
    assert not op_name(op).endswith("_rtl")


def test_numbers() -> None:
    plain = {ord("\u202f"): " "}
    assert count(14203648).translate(plain) == "14 203 648"
    assert count(0.5) == "0.5"
    assert short(202.58) == "202.6"
    assert short(31204.4).translate(plain) == "31 204"
    assert magnitude(25_141_584) == ("25.1", "M")
    assert magnitude(9_999)[1] == ""
    assert magnitude(812_344) == ("812", "k")
    assert [percent(share).translate(plain) for share in (0, 0.0001, 0.587, 0.99999, 1, 1.136)] == [
        "0.0 %", "< 0.1 %", "58.7 %", "99.9 %", "100.0 %", "113.6 %",
    ]  # fmt: skip
    assert ticks(501_000) == [0, 200_000, 400_000, 600_000]
    assert ticks(7)[-1] >= 7
