# SPDX-License-Identifier: Apache-2.0
"""MANIFEST.tsv: what a set of images should hold, and which of them show the same thing."""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwflow.errors import UserError

MANIFEST = "MANIFEST.tsv"


@dataclass(frozen=True)
class Entry:
    """A row: a file's group, what it is ("image", "mask" or ""), and its SHA-256 in hex. "" stands for not said."""

    group: str
    kind: str
    sha256: str


def read_manifest(folder: Path) -> dict[str, Entry]:
    """The rows of `folder`/MANIFEST.tsv by path relative to `folder`; none where there is no such file.

    The table is tab-separated with a header; columns `path`, `group`, `kind` and `sha256` are read, and any of the last
    three may be absent.

    Raises UserError, naming the manifest, if it is no such table, or if it has no column path but one of the others.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return {}
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            columns = rows.fieldnames or []
            known = [name for name in ("group", "kind", "sha256") if name in columns]
            if "path" not in columns and known:
                raise UserError(f"{manifest}: has a column {known[0]}, but no column path")
            if not known:
                return {}
            # A row that ends early leaves None in the columns it lacks.
            return {row["path"]: Entry(*(row.get(name) or "" for name in ("group", "kind", "sha256"))) for row in rows}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{manifest}: not a table of tab-separated UTF-8 text ({error})") from None


def require_files(folder: Path, entries: Mapping[str, Entry], parents: frozenset[Path] | None = None) -> None:
    """Raise UserError, naming the first, if files of the manifest are missing.

    Of files outside the folders `parents` nothing is asked, if these are given.
    """
    paths = [folder / name for name in entries]
    missing = [path for path in paths if (parents is None or path.parent in parents) and not path.is_file()]
    if missing:
        raise UserError(
            f"{missing[0]}: listed in {MANIFEST} but missing ({len(missing)} in all); restore it, or take its row out"
        )


def require_content(path: Path, entry: Entry | None) -> None:
    """Raise UserError if the SHA-256 of `path` is not the one that `entry` has; nothing is asked where it has none."""
    if entry is None or not entry.sha256:
        return
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if found != entry.sha256.lower():
        raise UserError(
            f"{path}: differs from the file that {MANIFEST} lists (SHA-256); restore it, or take its row out"
        )
