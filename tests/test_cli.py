# SPDX-License-Identifier: Apache-2.0
"""The frame of every command: exit codes, one-line errors, nearest names, and progress that a log can hold."""

import argparse
import errno
import io
import os
import subprocess
import sys
import types
from collections.abc import Callable

import pytest

from hwflow import cli
from hwflow.cli import progress
from hwflow.cli.frame import Parser, run
from hwflow.errors import BuildFailed, UserError


def _parser() -> Parser:
    parser = Parser("build", "Build.")
    parser.add_argument("--board", required=True)
    parser.add_argument("--fps", type=int)
    return parser


def _raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def body(_: argparse.Namespace) -> int:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("no board: name one"), 2, "hwflow build: error: no board: name one\n"),
        (UserError("two\n  lines"), 2, "hwflow build: error: two lines\n"),
        (BuildFailed("conv1: 1 of 16 frames differs"), 1, "hwflow build: error: conv1: 1 of 16 frames differs\n"),
        (KeyboardInterrupt(), 130, "hwflow build: interrupted\n"),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 2, "hwflow build: error: out: Permission denied\n"),
        (OSError(errno.ENOSPC, "No space left"), 2, "hwflow build: error: No space left\n"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_parser(), _raising(error), ["--board", "b"]) == code
    assert capsys.readouterr() == ("", line)


def test_a_defect_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        run(_parser(), _raising(FileNotFoundError(errno.ENOENT, "gone", "x")), ["--board", "b"])
    with pytest.raises(ZeroDivisionError):
        run(_parser(), _raising(ZeroDivisionError()), ["--board", "b"])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "required: --board"),
        (["--board", "b", "--fp", "3"], "unknown argument --fp (did you mean --fps?)"),
        (["--bord=b", "--board", "b"], "unknown argument --bord=b (did you mean --board?)"),
        (["--board", "b", "--fps", "fast"], "argument --fps: invalid int value: 'fast'"),
    ],
)
def test_wrong_options_are_one_line_with_a_hint(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_parser(), lambda _: 0, argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert words in printed.err
    assert printed.err.endswith("see hwflow build --help\n")


def test_the_body_gets_its_options_and_gives_the_exit_code() -> None:
    assert run(_parser(), lambda args: int(args.fps), ["--board", "b", "--fps", "1"]) == 1


def test_help_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_parser(), lambda _: 1, ["--help"]) == 0
    assert "--board" in capsys.readouterr().out


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    script = (
        "import sys; from hwflow.cli.frame import Parser, run\n"
        "sys.exit(run(Parser('x', ''), lambda _: [sys.stdout.write('y' * 9999) for _ in range(99)] and 0, []))"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_dispatch_hands_the_rest_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("hwflow.verify")
    module.__spec__ = types.SimpleNamespace(submodule_search_locations=None)  # type: ignore[assignment]
    module.main = lambda argv: len(argv)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hwflow.verify", module)
    assert cli.main(["verify", "DIR", "--frames", "2"]) == 3


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["biuld", "--board", "x"], "unknown command biuld (did you mean build?); see hwflow --help"),
        (["qqq"], "unknown command qqq; see hwflow --help"),
        ([], "no command given; see hwflow --help"),
    ],
)
def test_an_unknown_command_is_told_the_nearest(argv: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    assert capsys.readouterr().err == f"hwflow: error: {line}\n"


def test_overview_names_every_command_without_loading_one() -> None:
    script = (
        "import sys; from hwflow.cli import main; code = main(['--help']);"
        "assert not {'torch', 'finn', 'numpy'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in cli.COMMANDS:
        assert f"  {command} " in done.stdout


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_now_and_then_not_a_line_a_node() -> None:
    stream, clock = io.StringIO(), _Clock()
    lines = progress._Lines(stream, clock)
    with lines.stage("synthesise") as stage:
        for node in range(1, 101):
            clock.now += 0.25
            stage.tick(node, 100, f"node{node}")
        clock.now += progress.LOG_EVERY_SECONDS
        stage.tick(101, 0, "more than thought")
        stage.note = "100 nodes"
    lines.cached("report")
    assert stream.getvalue().splitlines() == [
        "synthesise ...",
        "synthesise: 40 of 100, node40, 15 s left",
        "synthesise: 80 of 100, node80, 5.0 s left",
        "synthesise: 101, more than thought",
        "synthesise: 35 s, 100 nodes",
        "report: cached",
    ]


def test_a_stage_that_fails_says_so_and_lets_the_error_pass() -> None:
    stream = io.StringIO()
    with (
        pytest.raises(BuildFailed),
        progress.open_progress(stream) as shown,
        shown.stage("verify"),
    ):
        raise BuildFailed("conv1 differs")
    assert stream.getvalue().splitlines()[-1].startswith("verify: stopped after ")


def test_a_terminal_keeps_one_row_a_finished_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    for name in ("TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    stream = Terminal()
    with progress.open_progress(stream) as shown:
        with shown.stage("fold") as stage:
            stage.tick(3, 7, "[conv1]")
            stage.tick(4, 0)
            stage.note = "7 nodes [PE 4]"
        shown.cached("export")
    text = stream.getvalue()
    assert "7 nodes [PE 4]" in text
    assert "cached" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_seconds_are_spelled_for_people(seconds: float, words: str) -> None:
    assert progress.spell_seconds(seconds) == words
