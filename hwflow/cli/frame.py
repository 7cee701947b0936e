# SPDX-License-Identifier: Apache-2.0
"""What every command shares: how options are read, how an error becomes one line, and which exit code it means.

A command is a module with ``main(argv: Sequence[str] | None = None) -> int``, run by ``python -m hwflow.COMMAND`` or
``hwflow COMMAND``. It builds a `Parser`, hands it to `run` with its body, and imports what is heavy inside that body,
so that ``--help`` answers at once::

    def main(argv: Sequence[str] | None = None) -> int:
        parser = Parser("build", "Build and verify an accelerator.")
        parser.add_argument("--board", required=True)
        return run(parser, _body, argv)
"""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from hwflow.errors import BuildFailed, UserError, did_you_mean

DONE = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 128 + 2  # as a shell reports a process ended by SIGINT

# What a full or read-only disk raises deep inside a library: the user's to mend, so no traceback.
_DISK_TROUBLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})


class Parser(argparse.ArgumentParser):
    """An option parser whose errors are `UserError` in one line, with the nearest option to a misspelt one."""

    def __init__(self, command: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=f"hwflow {command}".strip(),
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        prefix = "unrecognized arguments: "
        if message.startswith(prefix):
            first = message.removeprefix(prefix).split()[0]
            known = [option for action in self._actions for option in action.option_strings]
            message = f"unknown argument {first}{did_you_mean(first.split('=')[0], known)}"
        raise UserError(f"{message}; see {self.prog} --help")


def run(parser: Parser, body: Callable[[argparse.Namespace], int], argv: Sequence[str] | None = None) -> int:
    """Parse `argv` (default: the process's own) and run `body`; returns the exit code.

    `body` returns 0 or 1 itself, or raises `UserError` (2) or `BuildFailed` (1), of which the message is printed on
    standard error as one line, without a traceback. A disk that is full or not writable counts as bad input. Ctrl-C
    gives 130.
    """
    try:
        return body(parser.parse_args(argv))
    except UserError as error:
        return _complain(parser.prog, error, WRONG_USE)
    except BuildFailed as error:
        return _complain(parser.prog, error, FAILED)
    except KeyboardInterrupt:
        sys.stderr.write(f"{parser.prog}: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        if error.errno not in _DISK_TROUBLE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _complain(parser.prog, f"{where}{error.strerror}", WRONG_USE)
    except SystemExit as leave:  # argparse leaves this way after --help and --version
        return leave.code if isinstance(leave.code, int) else DONE


def _complain(prog: str, error: object, code: int) -> int:
    sys.stderr.write(f"{prog}: error: {' '.join(str(error).split())}\n")
    return code
