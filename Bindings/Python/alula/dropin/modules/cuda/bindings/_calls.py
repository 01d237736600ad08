# SPDX-License-Identifier: Apache-2.0
"""What all functions share: codes of failures, the thread's last one, arguments that mean nothing."""

import threading
from ctypes import byref, c_uint64

from alula._library import lib

from ._values import CODES, cudaError_t

SUCCESS = cudaError_t.cudaSuccess
_last = threading.local()


def code_of(status):
    """The code of a library call, kept for ``cudaGetLastError``."""
    if not status:
        return SUCCESS
    code = cudaError_t(CODES.get(status, 999))
    if code != cudaError_t.cudaErrorNotReady:
        _last.code = code
        _last.text = lib.alula_last_error().decode(errors="replace")
    return code


def _invalid(error):
    """The code of arguments that mean nothing."""
    _last.code, _last.text = cudaError_t.cudaErrorInvalidValue, str(error)
    return _last.code


def guarded(function):
    """Turns arguments that mean nothing into a code, as the other failures are."""

    def call(*arguments, **named):
        try:
            return function(*arguments, **named)
        except (TypeError, ValueError, OverflowError) as error:
            return (_invalid(f"{function.__name__}: {error}"),)

    call.__name__ = function.__name__
    call.__doc__ = function.__doc__
    return call


def made(function, cls, *arguments):
    """A call whose last argument receives a handle."""
    handle = c_uint64()
    code = code_of(function(*arguments, byref(handle)))
    return code, cls(handle.value)


def cudaGetLastError():
    code, _last.code = getattr(_last, "code", SUCCESS), SUCCESS
    return (code,)


def cudaPeekAtLastError():
    return (getattr(_last, "code", SUCCESS),)


def cudaGetErrorName(error):
    return SUCCESS, cudaError_t(error).name.encode()


def refuse(code, text):
    """Keeps a sentence for a code that no library call gave, and gives the code back."""
    _last.text = text
    return code


def explain(word, code):
    """A word for a code, and what the thread's last failure was about."""
    text = getattr(_last, "text", "") if code else ""
    return f"{word}: {text}" if text else word


def cudaGetErrorString(error):
    error = cudaError_t(error)
    return SUCCESS, explain(error.name.removeprefix("cudaError") or error.name, int(error)).encode()
