# SPDX-License-Identifier: Apache-2.0
"""A report as a table on the terminal: the figures that a build ends with."""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hwflow.report.findings import RESOURCES, Use, findings, uses
from hwflow.report.numbers import GROUP, change, count, percent, short
from hwflow.report.pace import bottleneck_words, next_step_words, verdict_of
from hwflow.report.schema import Report

_STYLES = {"good": "green", "open": "yellow", "bad": "bold red"}


def print_table(report: Report, stream: TextIO) -> None:
    """Write the summary to `stream`: in colour and as wide as the window on a terminal, else plain."""
    Console(file=stream, highlight=False).print(summary(report))


def summary(report: Report) -> RenderableType:
    """Speed, resources against the board, what was compared, and every finding."""
    speed, check = report.performance, report.verification
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")

    def row(label: str, figure: str, remark: str, bad: bool = False) -> None:
        style = _STYLES["bad"] if bad else None
        table.add_row(label, Text(_plain(figure), style=style or ""), Text(_plain(remark)), style=style)

    asked = f", asked for {short(speed.target_fps)}" if speed.target_fps else ""
    slow = speed.target_fps is not None and speed.fps < speed.target_fps
    row(
        "fps",
        short(speed.fps),
        f"{count(speed.cycles_per_frame)} cycles a frame, bound {count(speed.bound_cycles)}{asked}",
        slow,
    )
    row("latency", f"{speed.latency_ms:.2f} ms", f"{count(speed.latency_cycles)} cycles for the first frame")
    for use in uses(report):
        row(use.label, count(use.used), f"{_against(use)}{_predicted(report, use)}", use.exceeded)
    if report.bottleneck is not None:
        row("bottleneck", count(report.bottleneck.cycles), bottleneck_words(report))
    if report.next_step is not None:
        row("next step", short(report.next_step.fps), next_step_words(report.next_step))
    row("compared", count(check.values), f"values of {count(check.tensors)} tensors in {count(check.frames)} frames")
    labels = "labels equal" if check.labels_equal else "labels differ"
    wrong = check.mismatches > 0 or (check.frames > 0 and not check.labels_equal)
    if check.frames:
        row("mismatches", count(check.mismatches), labels, wrong)
    else:
        row("mismatches", "-", "not simulated")

    title = f"{report.model} {report.recipe}".strip()
    head = f"{title} on {report.board} ({report.part}, {short(report.clock_mhz)} MHz)"
    lines: list[RenderableType] = [Text(head, style="bold"), "", table, ""]
    for finding in findings(report):
        text = Text(finding.title, style=_STYLES[finding.level])
        text.append(_plain(f": {finding.text}" if finding.level != "good" else "."), style="default not bold")
        lines.append(text)
    lines += [Text(_plain(f"- {sentence}")) for sentence in report.advice]
    if report.curve:
        lines += ["", _curve(report)]
    return Group(*lines)


def _curve(report: Report) -> Table:
    """The cheapest folding of each speed, and this build below them."""
    used, speed = report.resources, report.performance
    keys = [use.key for use in uses(report)]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_footer=True)
    columns = [("fps", short(speed.fps)), ("cycles", count(speed.cycles_per_frame))]
    columns += [(RESOURCES[key], count(getattr(used, key))) for key in keys]
    for title, measured in columns:
        table.add_column(title, Text(_plain(measured)), justify="right", no_wrap=True)
    table.add_column("predicted", "this build, measured", footer_style="dim")
    for point in report.curve:
        figures = [point.bound_cycles, *(getattr(point, key) for key in keys)]
        cells = [point.label, *(count(figure) for figure in figures), verdict_of(report, point)]
        table.add_row(*(Text(_plain(cell)) for cell in cells), style=None if point.fits else "dim")
    return table


def _predicted(report: Report, use: Use) -> str:
    predicted = report.resources.predicted
    if predicted is None:
        return ""
    said: float = getattr(predicted, use.key)
    return f", predicted {count(said)} ({change(use.used, said)})" if said or use.used else ""


def _against(use: Use) -> str:
    if use.budget is None:
        return ""
    share = "" if use.share is None else f"{percent(use.share)} "
    over = f", {count(use.used - use.budget)} too many" if use.exceeded else ""
    return f"{share}of {count(use.budget)}{over}"


def _plain(text: str) -> str:
    """For terminals whose font or encoding lacks the narrow space."""
    return text.replace(GROUP, " ")
