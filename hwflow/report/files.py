# SPDX-License-Identifier: Apache-2.0
"""report.json on disk: read with errors that name what is wrong, written whole or not at all."""

import json
from pathlib import Path

from pydantic import ValidationError

from hwflow.errors import UserError
from hwflow.files import publish
from hwflow.report.schema import SCHEMA, Report, report_path

_REMEDY = "run hwflow build again"


def read_report(folder: Path) -> Report:
    """The report of the build folder `folder`.

    Raises UserError, naming the file, if it is missing, not whole JSON, of another schema, or if a key has a bad value.
    """
    path = report_path(folder)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; name a folder that hwflow build has made") from None
    except NotADirectoryError:
        raise UserError(f"{folder}: not a folder; name the folder that holds report.json") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"{path}: {reason}; {_REMEDY}") from None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        cut = " (cut off?)" if error.pos >= len(text.rstrip()) - 1 else ""
        raise UserError(f"{path}: not JSON at line {error.lineno}, column {error.colno}{cut}; {_REMEDY}") from None
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA or isinstance(found, bool):
        number = "no schema number" if found is None else f"schema {found!r}"
        raise UserError(f"{path}: {number}, and this hwflow reads schema {SCHEMA}; {_REMEDY}")
    try:
        return Report.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise UserError(f"{path}: {where}: {first['msg'].lower()}{more}; {_REMEDY}") from None


def write_report(report: Report, folder: Path) -> Path:
    """Write report.json into `folder`; returns its path. Readers see the whole new file or the old one."""
    path = report_path(folder)
    publish(path, lambda beside: beside.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8"))
    return path
