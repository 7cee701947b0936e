# SPDX-License-Identifier: Apache-2.0
"""report.json: the fixed keys, what a reader forgives, and what it names when a file is bad."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from report_sample import sample_report

from hwflow.errors import UserError
from hwflow.report.files import read_report, write_report
from hwflow.report.schema import Cost, Layer, Report, cost_by_op

# The keys that schema 1 promises; a missing one breaks whoever reads the file.
PROMISED: dict[str, set[str]] = {
    "": {
        "schema", "model", "recipe", "board", "part", "clock_mhz", "input_shape", "performance", "resources",
        "verification", "layers", "stages", "versions",
    },
    "performance": {"source", "cycles_per_frame", "bound_cycles", "fps", "latency_cycles", "latency_ms"},
    "resources": {"source", "lut", "ff", "bram36", "uram", "dsp", "budget", "fits"},
    "verification": {"frames", "tensors", "values", "mismatches", "labels_equal"},
    "layers": {"name", "op", "pe", "simd", "cycles", "lut", "ff", "bram36", "dsp", "fifo_depth"},
    "stages": {"name", "seconds", "cached"},
}  # fmt: skip


def _content(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return content


def test_a_report_survives_the_disk(tmp_path: Path) -> None:
    report = sample_report()
    path = write_report(report, tmp_path)
    assert read_report(tmp_path) == report
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_has_every_promised_key(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path)
    content = _content(tmp_path)
    for key, promised in PROMISED.items():
        part = content[key] if key else content
        assert promised <= (part[0] if isinstance(part, list) else part).keys(), key
    assert content["schema"] == 1
    assert content["clock_mhz"] == 100
    assert content["resources"]["budget"]["lut"] == 53200
    assert {"from", "to", "bits", "fifo_depth", "high_water"} <= content["graph"]["edges"][0].keys()


def test_keys_of_a_later_writer_are_ignored_and_missing_additions_have_defaults(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path)
    content = _content(tmp_path)
    content["weather"] = "fine"
    content["layers"][0]["colour"] = 7
    for added in ("graph", "advice", "curve", "next_step"):
        del content[added]
    (tmp_path / "report.json").write_text(json.dumps(content))
    report = read_report(tmp_path)
    assert report.graph.nodes == ()
    assert report.advice == report.curve == ()
    assert report.next_step is None


def _broken(content: dict[str, Any], path: str, value: object) -> str:
    *way, last = path.split(".")
    part: Any = content
    for key in way:
        part = part[int(key) if key.isdigit() else key]
    part[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("resources.lut", "many", "resources.lut: input should be a valid integer"),
        ("layers.3.cycles", -1, "layers.3.cycles: input should be greater than or equal to 0"),
        ("schema", 2, "schema 2, and this hwflow reads schema 1"),
        ("schema", True, "schema True, and this hwflow reads schema 1"),
        ("schema", None, "no schema number, and this hwflow reads schema 1"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, path: str, value: object, words: str) -> None:
    write_report(sample_report(), tmp_path)
    (tmp_path / "report.json").write_text(_broken(_content(tmp_path), path, value))
    with pytest.raises(UserError) as caught:
        read_report(tmp_path)
    assert f"{tmp_path / 'report.json'}: {words}" in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    write_report(sample_report(), tmp_path)
    content = _content(tmp_path)
    del content["performance"]["fps"]
    (tmp_path / "report.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"performance\.fps: field required"):
        read_report(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 700, -3])
def test_a_file_cut_off_anywhere_is_told_so(tmp_path: Path, kept: int) -> None:
    path = write_report(sample_report(), tmp_path)
    path.write_text(path.read_text()[:kept])
    with pytest.raises(UserError, match=r"report\.json: not JSON at line \d+, column \d+.*run hwflow build again"):
        read_report(tmp_path)


def test_no_file_no_folder_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"report\.json: no such file; name a folder that hwflow build has made"):
        read_report(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file: not a folder"):
        read_report(tmp_path / "file")
    (tmp_path / "report.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(UserError, match=r"report\.json: not UTF-8 text"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text("[1]")
    with pytest.raises(UserError, match=r"report\.json: no schema number"):
        read_report(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_report(sample_report(), tmp_path)
    before = path.read_bytes()

    def fail(*_: object) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(sample_report(seed=2), tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_cannot_put_nonsense_into_a_report() -> None:
    with pytest.raises(ValidationError):
        Cost(lut=-1)
    with pytest.raises(ValidationError):
        Cost(bram36=float("nan"))


def test_cost_by_op_adds_up_and_sorts() -> None:
    layers = [
        Layer(name="a", op="Add", lut=5, ff=1),
        Layer(name="b", op="MVAU", lut=30, bram36=0.5, dsp=2),
        Layer(name="c", op="Add", lut=7, bram36=1.5),
    ]
    costs = cost_by_op(layers)
    assert [(c.op, c.count, c.lut, c.ff, c.bram36, c.dsp) for c in costs] == [
        ("MVAU", 1, 30, 0, 0.5, 2),
        ("Add", 2, 12, 1, 1.5, 0),
    ]


def test_target_and_bottleneck() -> None:
    report = sample_report()
    assert report.target_cycles == 500_000
    assert report.bottleneck is not None
    assert report.bottleneck.cycles == report.performance.bound_cycles
    assert Report.model_validate({**report.model_dump(), "layers": ()}).bottleneck is None
