# SPDX-License-Identifier: Apache-2.0
"""What simulation and synthesis both ask of SystemVerilog text: the files a module needs, a parameter's spelling."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hwflow.errors import UserError

_TOKENS = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_MODULE = re.compile(r"^\s*module\s+(?:automatic\s+|static\s+)?(\w+)", re.MULTILINE)


def read_sources(sources: Sequence[Path]) -> dict[Path, str]:
    """Every file's text without comments and surplus blanks. Raises UserError naming a file that cannot be read."""
    texts = {}
    for source in sources:
        try:
            text = source.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"{source}: {error.strerror}; name an existing SystemVerilog file") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{source}: not UTF-8 text ({error.reason}); name a SystemVerilog file") from error
        texts[source] = strip_comments(text)
    return texts


def strip_comments(text: str) -> str:
    """The code alone, so that a new comment is no new design."""

    def keep_strings(match: re.Match[str]) -> str:
        return match.group() if match.group().startswith('"') else " "

    lines = _TOKENS.sub(keep_strings, text).splitlines()
    return "\n".join(stripped for line in lines if (stripped := line.strip()))


def modules(text: str) -> set[str]:
    """The names of the modules that a text (without comments) defines."""
    return set(_MODULE.findall(text))


def needed(top: str, texts: Mapping[Path, str]) -> list[Path]:
    """The files that `top` may need, in their order: those whose modules' names it mentions, they in turn, and files
    without a module (packages, macros). Raises UserError where no file has the module."""
    defined = {source: modules(text) for source, text in texts.items()}
    owner = {name: source for source, names in defined.items() for name in names}
    if top not in owner:
        raise UserError(f"no source has a module {top}; the modules are {', '.join(sorted(owner)) or 'none'}")
    words = {source: set(re.findall(r"\w+", text)) & owner.keys() for source, text in texts.items()}
    found = {source for source, names in defined.items() if not names}
    waiting = [owner[top], *found]
    found.add(owner[top])
    while waiting:
        for name in words[waiting.pop()]:
            if owner[name] not in found:
                found.add(owner[name])
                waiting.append(owner[name])
    return [source for source in texts if source in found]


def literal(value: int | str) -> str:
    """A parameter value: numbers of more than 31 bits are sized hexadecimals; strings are quoted, if no literals.

    Raises UserError for a negative number that needs more than 32 bits: its width is not known here.
    """
    if isinstance(value, int):
        if -(1 << 31) <= value < 1 << 31:
            return str(int(value))
        if value < 0:
            raise UserError(f"parameter {value}: a negative number must fit in 32 bits; pass its two's complement")
        return f"{value.bit_length()}'h{value:x}"
    if re.fullmatch(r"\d*'s?[hbodHBOD][0-9a-fA-F_xXzZ]+|-?\d+|\".*\"", value):
        return value
    return f'"{value}"'
