# SPDX-License-Identifier: Apache-2.0
"""YAML files that users write, checked against a pydantic model."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hwflow.errors import UserError, did_you_mean

M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML's rules say that a mapping has a key once; PyYAML takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value} stands there twice", key.start_mark
                )
            seen.add(getattr(key, "value", ""))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, kind: type[M]) -> M:
    """The file as a `kind`.

    Raises UserError, naming the file and the line or the key, if it cannot be read, is no YAML, or does not fit.
    """
    return checked(read_mapping(path), kind, str(path))


def read_mapping(path: Path) -> dict[str, Any]:
    """The keys and values of the file, unchecked.

    Raises UserError, naming the file and the line, if it cannot be read or is no YAML of keys and values.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file in UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}: not valid YAML{where} ({getattr(error, 'problem', error)})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must hold keys and values")
    return content


def checked(content: dict[str, Any], kind: type[M], where: str) -> M:
    """`content` as a `kind`.

    Raises UserError, naming `where` and the key, if it does not fit.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{where}: {_first(error, kind)}") from None


def _first(error: ValidationError, kind: type[BaseModel]) -> str:
    problems = error.errors()
    # A misspelt key is reported as missing too; the misspelling is the one to mend.
    problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _keys_beside(kind, problem["loc"])
        return f"unknown key {key}{did_you_mean(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return f"key {key} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _keys_beside(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    section: Any = kind
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        section = _section_of(section.model_fields[part].annotation)
    return list(section.model_fields)


def _section_of(annotation: Any) -> Any:
    """The pydantic model inside an annotation such as `tuple[Stage, ...]` or `Bits | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _section_of(argument)
        if found is not None:
            return found
    return None
