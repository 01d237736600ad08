# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's errors, and which of the library's become which."""

import builtins

from alula._library import lib

NOT_READY = 11


class Error(Exception):
    """Any failure of a call."""


class MemoryError(Error, builtins.MemoryError):  # noqa: A001  PyCUDA's name
    """Memory was refused."""


class LogicError(Error):
    """The call is wrong: an address, a size, a handle, the moment."""


class LaunchError(Error):
    """A command failed while it ran."""


class RuntimeError(Error, builtins.RuntimeError):  # noqa: A001  PyCUDA's name
    """Anything else."""


class CompileError(Error):
    """CUDA C was to be compiled, which has no meaning on a CPU."""


_CLASSES = {3: LogicError, 4: LogicError, 5: MemoryError, 7: LaunchError, 8: LaunchError, 9: LogicError, 12: LogicError}


def failure(call, status):
    """The error of a library call that failed on this thread."""
    text = lib.alula_last_error().decode(errors="replace")
    return _CLASSES.get(status, RuntimeError)(f"{call} failed: {text}")


def check(call, status):
    """Raises the error of a failed library call."""
    if status:
        raise failure(call, status)
