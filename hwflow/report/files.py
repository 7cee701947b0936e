# SPDX-License-Identifier: Apache-2.0
"""report.json and solution.json on disk: read with errors that name what is wrong; the report written whole or not at all."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.report.schema import SCHEMA, Part, Report, report_path
from hwflow.report.solution import Solution, solution_path

_REMEDY = "run hwflow build again"
_Read = TypeVar("_Read", bound=Part)


def read_report(folder: Path) -> Report:
    """The report of the build folder `folder`.

    Raises UserError, naming the file, if it is missing, not whole JSON, of another schema, or if a key has a bad value.
    """
    path = report_path(folder)
    try:
        content = _content(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; name a folder that hwflow build has made") from None
    except NotADirectoryError:
        raise UserError(f"{folder}: not a folder; name the folder that holds report.json") from None
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA or isinstance(found, bool):
        number = "no schema number" if found is None else f"schema {found!r}"
        raise UserError(f"{path}: {number}, and this hwflow reads schema {SCHEMA}; {_REMEDY}")
    return _validated(Report, content, path)


def read_solution(folder: Path) -> Solution | None:
    """What the folding solver wrote into the build folder `folder`; None where it wrote nothing.

    Raises UserError, naming the file, if it is not whole JSON or if a key has a bad value.
    """
    path = solution_path(folder)
    try:
        content = _content(path)
    except FileNotFoundError:
        return None
    return _validated(Solution, content, path)


def _content(path: Path) -> Any:
    """What a JSON file holds. Raises FileNotFoundError and NotADirectoryError, and UserError for whatever else is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"{path}: {reason}; {_REMEDY}") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = " (cut off?)" if error.pos >= len(text.rstrip()) - 1 else ""
        raise UserError(f"{path}: not JSON at line {error.lineno}, column {error.colno}{cut}; {_REMEDY}") from None


def _validated(model: type[_Read], content: Any, path: Path) -> _Read:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        named = f"{'.'.join(str(part) for part in first['loc'])}: " if first["loc"] else ""
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise UserError(f"{path}: {named}{first['msg'].lower()}{more}; {_REMEDY}") from None


def write_report(report: Report, folder: Path) -> Path:
    """Write report.json into `folder`; returns its path. Readers see the whole new file or the old one."""
    path = report_path(folder)
    publish(path, lambda beside: beside.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8"))
    return path
