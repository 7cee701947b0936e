# SPDX-License-Identifier: Apache-2.0
"""A stage runs when what it reads has changed, and at no other time."""

from pathlib import Path

import pytest

from hwflow.flow.stages import BuildFolder, hash_of


def _stage(folder: Path, source: Path, *, option: int = 0) -> bool:
    build = BuildFolder(folder)
    return (
        build.stage(
            "copy",
            ["copy.txt"],
            lambda: build.file("copy.txt").write_text(source.read_text()),
            options=option,
            reads=[source],
        )
        and not build.runs[-1].cached
    )


def test_a_stage_runs_once_and_again_when_its_input_or_option_changes(tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("a")
    folder = tmp_path / "build"
    folder.mkdir()
    assert _stage(folder, source)
    assert not _stage(folder, source)
    source.write_text("b")
    assert _stage(folder, source)
    assert (folder / "copy.txt").read_text() == "b"
    assert _stage(folder, source, option=1)
    assert not _stage(folder, source, option=1)


def test_a_missing_artefact_is_made_again(tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("a")
    folder = tmp_path / "build"
    folder.mkdir()
    assert _stage(folder, source)
    (folder / "copy.txt").unlink()
    assert _stage(folder, source)


def test_a_broken_stamp_counts_as_none(tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("a")
    folder = tmp_path / "build"
    folder.mkdir()
    assert _stage(folder, source)
    (folder / ".stages" / "copy.json").write_text("{")
    assert _stage(folder, source)


def test_a_stage_that_fails_leaves_no_stamp(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    build = BuildFolder(tmp_path)
    with pytest.raises(RuntimeError):
        build.stage("x", [], fail)
    assert build.stamp("x") is None


def test_a_folder_that_cannot_be_filled_leaves_the_old_one(tmp_path: Path) -> None:
    build = BuildFolder(tmp_path)

    def good(into: Path) -> None:
        into.mkdir()
        (into / "a").write_text("old")

    def bad(into: Path) -> None:
        into.mkdir()
        raise RuntimeError("no")

    build.publish_folder("rtl", good)
    with pytest.raises(RuntimeError):
        build.publish_folder("rtl", bad)
    assert (tmp_path / "rtl" / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["rtl"]


def test_hash_skips_named_files_and_sees_all_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    before = hash_of([tmp_path], skip=["b"])
    (tmp_path / "b").write_text("2")
    assert hash_of([tmp_path], skip=["b"]) == before
    (tmp_path / "a").write_text("2")
    assert hash_of([tmp_path], skip=["b"]) != before
