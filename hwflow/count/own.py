# SPDX-License-Identifier: Apache-2.0
"""A user's own torch module, named as FILE.py:NAME."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from torch import nn

from hwflow.errors import UserError, did_you_mean


def own_module(where: str) -> nn.Module:
    """The module called NAME in FILE.py (`where` is "FILE.py:NAME"): an instance, or a class or function without
    arguments that gives one.

    The file is executed, with its folder on the import path as if Python had been started with it. Raises UserError if
    it is not there or fails, and if NAME is none of these.
    """
    file, colon, name = where.rpartition(":")
    if not colon or not name.isidentifier() or not file.endswith(".py"):
        raise UserError(f"--module {where}: write FILE.py:NAME, NAME being a module, or a function that returns one")
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    module = _executed(path)
    made = getattr(module, name, None)
    if made is None:
        names = [n for n, value in vars(module).items() if callable(value) or isinstance(value, nn.Module)]
        raise UserError(f"{path}: defines no {name}{did_you_mean(name, names)}")
    if isinstance(made, nn.Module):
        return made
    if callable(made):
        try:
            made = made()
        except Exception as error:
            raise UserError(f"{path}: {name}() fails with {_one_line(error)}; it must need no argument") from None
    if not isinstance(made, nn.Module):
        raise UserError(f"{path}: {name} is no torch.nn.Module and returns none")
    return made


def _executed(path: Path) -> ModuleType:
    # Its own folder first, so that it finds the files that lie beside it.
    folder = str(path.resolve().parent)
    name = f"hwflow_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path}: cannot be imported, {_one_line(error)}") from None
    finally:
        sys.path.remove(folder)
    return module


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
