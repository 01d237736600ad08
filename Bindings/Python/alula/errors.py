# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, one class a status of the C interface.

Every error says what, where, got, expected. Classes also derive from the built-in error a Python programmer would
expect, so that ``except ValueError`` works.
"""

from __future__ import annotations


class AlulaError(RuntimeError):
    """Any failure reported by Alula; ``status`` is the number of ``alula_status``."""

    status = 1


class InternalError(AlulaError):
    """A defect of the library."""

    status = 2


class InvalidArgumentError(AlulaError, ValueError):
    """The arguments are wrong; nothing happened."""

    status = 3


class InvalidConfigError(AlulaError, ValueError):
    """Network, profile or settings do not fit together."""

    status = 4


class AllocationError(AlulaError, MemoryError):
    """Memory was refused."""

    status = 5


class InitializationError(AlulaError):
    """A device or component did not start, or belongs to the process that forked this one."""

    status = 6


class ExecutionError(AlulaError):
    """A command failed while it ran; the text names the command, the layer and the call."""

    status = 7


class ComputationError(AlulaError, ArithmeticError):
    """The data made a computation impossible."""

    status = 8


class InvalidStateError(AlulaError):
    """The call is right, but not now."""

    status = 9


class UnsupportedError(AlulaError, NotImplementedError):
    """The call, operator or setting is not supported."""

    status = 10


class NotReadyError(AlulaError):
    """The work asked about has not finished."""

    status = 11


class NotPermittedError(AlulaError):
    """The call was made from a callback that must not call back."""

    status = 12


class CancelledError(AlulaError):
    """A build was stopped by its progress callback."""

    status = 13


_CLASSES = {
    cls.status: cls
    for cls in (
        AlulaError, InternalError, InvalidArgumentError, InvalidConfigError, AllocationError, InitializationError,
        ExecutionError, ComputationError, InvalidStateError, UnsupportedError, NotReadyError, NotPermittedError,
        CancelledError,
    )
}


def make_error(status: int, text: str) -> AlulaError:
    """The error for a status of the C interface."""
    error = _CLASSES.get(status, AlulaError)(text)
    error.status = status
    return error
