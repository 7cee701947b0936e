# SPDX-License-Identifier: Apache-2.0
"""A report as a table on the terminal: the figures that a build ends with."""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hwflow.report.findings import Use, findings, uses
from hwflow.report.numbers import GROUP, count, percent, short
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
        row(use.label, count(use.used), _against(use), use.exceeded)
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
    lines += [Text(f"- {sentence}") for sentence in report.advice]
    return Group(*lines)


def _against(use: Use) -> str:
    if use.budget is None:
        return ""
    share = "" if use.share is None else f"{percent(use.share)} "
    over = f", {count(use.used - use.budget)} too many" if use.exceeded else ""
    return f"{share}of {count(use.budget)}{over}"


def _plain(text: str) -> str:
    """For terminals whose font or encoding lacks the narrow space."""
    return text.replace(GROUP, " ")
