# SPDX-License-Identifier: Apache-2.0
"""Tables of results: which runs a row takes, what a cell says, and that docs/results.md is what the command writes."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from hwflow.content import content_root
from hwflow.count.counts import Counts
from hwflow.errors import UserError
from hwflow.models import find_recipe
from hwflow.results import Result, write_result
from hwflow.sweep import main as sweep
from hwflow.tables.__main__ import main as tables
from hwflow.tables.markdown import document
from hwflow.tables.measured import Figure, figure_of, find_results, protocol_of, results_of
from hwflow.tables.rows import Column, Row, RowRun, Table, read_table, table_names


def result(seed: int, top1: float, **changes: object) -> Result:
    facts = {
        "model": "resnet",
        "recipe": "neu",
        "variant": "18",
        "data": "neu-cls",
        "split": "group",
        "at_most": {},
        "seed": seed,
        "train_images": 70,
        "validation_images": 10,
        "test_images": 20,
        "measure": "top1",
        "figures": {"top1": top1},
        "epochs": (3, 4),
        "versions": {},
        "weights": "0",
    }
    return Result.model_validate(facts | changes)


def uncounted(_recipe: object) -> Counts:
    raise AssertionError("nothing here asks for counts")


def test_mean_and_deviation_of_a_sample_by_hand() -> None:
    found = figure_of("top1", [result(0, 0.9), result(1, 0.94), result(2, 0.98)])
    # Deviations -0.04, 0, 0.04; the sum of squares 0.0032 over n - 1 = 2 is 0.0016.
    assert found == Figure(pytest.approx(0.94), pytest.approx(0.04), 3)
    assert figure_of("top1", [result(0, 0.9)]) == Figure(0.9, None, 1)
    assert figure_of("dice", [result(0, 0.9)]) is None


def test_a_row_takes_its_own_runs_under_its_own_protocol() -> None:
    recipe = find_recipe("resnet", "neu")
    protocol = recipe.recipe.data
    own = {"split": protocol.split, "at_most": dict(protocol.at_most)}
    other = "file" if protocol.split == "group" else "group"
    results = [result(1, 0.8, **own), result(0, 0.9, **own)]
    noise = [result(2, 0.1, split=other), result(2, 0.1, **own, recipe="mt"), result(2, 0.1, **own, variant="34")]
    assert [one.seed for one in results_of(recipe, "18", results + noise)] == [0, 1]


def test_a_protocol_is_said_once_whatever_the_sizes_of_its_splits() -> None:
    results = [result(0, 0.9), result(1, 0.9, test_images=23), result(2, 0.9, test_images=21)]
    assert protocol_of(results) == "by group, 3 + 4 epochs, 20 to 23 test images"
    longer = result(3, 0.9, epochs=(9,))
    assert protocol_of([results[0], longer]) == "by group, 3 + 4 epochs / by group, 9 epochs, 20 test images"
    assert protocol_of([]) == ""


def test_cells() -> None:
    protocol = find_recipe("resnet", "neu").recipe.data
    own = {"split": protocol.split, "at_most": dict(protocol.at_most)}
    table = Table(
        table="9",
        title="T",
        columns=(
            Column(name="top-1 (%)", figure="top1", unit=0.01, places=2),
            Column(name="MAE", figure="mae", unit=1, places=3),
        ),
        rows=(
            Row(name="a", paper=("99.69 ± 0.38", ""), run=RowRun(model="resnet", recipe="neu", variant="18")),
            Row(name="b", paper=("1", "2")),
            Row(name="c", run=RowRun(model="resnet", recipe="neu", variant="34")),
        ),
    )
    text = document([table], [result(0, 0.9, **own), result(1, 0.94, **own)], uncounted)
    rows = [line for line in text.splitlines() if re.match(r"\| [abc] ", line)]
    assert rows == [
        f"| a | 99.69 ± 0.38 | 92.00 ± 2.83 |  |  | by {protocol.split}, 3 + 4 epochs, 20 test images | 2 |",
        "| b | 1 |  | 2 |  |  |  |",
        "| c |  |  |  |  |  |  |",
    ]


def test_a_row_of_one_network_a_column() -> None:
    columns = tuple(
        Column(name=name, figure="dice", of={"defect": name}, unit=1, places=2) for name in ("MT_Break", "MT_Crack")
    )
    row = Row(name="a", run=RowRun(model="u_binet", recipe="mt", variant="{k: 8, data: {only: [$defect]}}"))
    table = Table(table="own", title="T", columns=columns, rows=(row,))
    of_crack = result(
        0,
        0.5,
        model="u_binet",
        recipe="mt",
        variant="{k: 8, data: {only: [MT_Crack]}}",
        only=("MT_Crack",),
        measure="dice",
        figures={"dice": 0.75},
    )
    text = document([table], [of_crack], uncounted)
    assert text.splitlines()[-1] == "| a |  | 0.75 | by group, only MT_Crack, 3 + 4 epochs, 20 test images | 1 |"
    with pytest.raises(ValueError, match=r"no column fills in \$defect"):
        Table(table="own", title="T", columns=(Column(name="x", unit=1, places=0),), rows=(row,))


def test_the_paper_needs_a_text_for_every_column() -> None:
    with pytest.raises(ValueError, match="row a: paper has 1 texts for 2 columns"):
        Table.model_validate(
            {
                "table": "9",
                "title": "T",
                "columns": [{"name": "x", "unit": 1, "places": 0}, {"name": "y", "unit": 1, "places": 0}],
                "rows": [{"name": "a", "paper": ["1"]}],
            }
        )


def test_every_row_names_a_run_that_there_is() -> None:
    assert table_names() == ["1", "2", "3", "4", "5", "6", "7", "hardware"]
    for name in table_names():
        table = read_table(name)
        assert table.table == name
        for row in table.rows:
            for run in row.runs(table.columns):
                run.found()
    with pytest.raises(UserError, match=r"unknown table 8; there are 1, 2,"):
        read_table("8")


def test_runs_are_found_beside_what_is_shipped(tmp_path: Path) -> None:
    shipped = find_results(tmp_path)
    folder = tmp_path / "one"
    folder.mkdir()
    write_result(result(77, 0.5), folder / "result.json")
    assert len(find_results(tmp_path)) == len(shipped) + 1
    (folder / "result.json").write_text("{")
    with pytest.raises(UserError, match=r"one/result\.json: not a result that can be read"):
        find_results(tmp_path)


def test_shipped_results_are_of_the_shipped_weights() -> None:
    found = sorted((content_root() / "models").glob("*/*/result.json"))
    assert found
    for path in found:
        weights = hashlib.sha256((path.parent / "weights.safetensors").read_bytes()).hexdigest()
        assert json.loads(path.read_text())["weights"] == weights, path


def test_sweep_takes_rows_of_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(tmp_path), "--runs", str(tmp_path), "--seeds", "0-1", "--list"]
    assert sweep(["--table", "2", "--row", r"^BiRealNet\d+ \(real\)", *words]) == 0
    listed = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert listed == [f"birealnet-neu-real_{depth}-{seed}" for depth in (18, 34) for seed in (0, 1)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to train; give --table N"),
        (["--model", "resnet", "--row", "x"], "--row chooses rows of a --table"),
        (["--table", "2", "--model", "resnet"], "--table names its models itself"),
        (["--table", "2", "--row", "("], "--row (: no regular expression"),
        (["--table", "4", "--row", "CAT"], "of 1 rows found, none has a run"),
        (["--table", "12"], "unknown table 12"),
    ],
)
def test_a_wrong_choice_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep([*words, "--data", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]


@pytest.mark.slow
def test_the_document_is_what_the_command_writes(tmp_path: Path) -> None:
    out = tmp_path / "results.md"
    assert tables(["--runs", str(tmp_path), "--out", str(out)]) == 0
    assert out.read_text() == (content_root() / "docs" / "results.md").read_text()
