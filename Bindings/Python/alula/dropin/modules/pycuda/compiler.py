# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's compiler, which refuses: CUDA C does not run on a CPU."""

from pycuda.driver import CompileError

_REASON = (
    "CUDA C does not run on a CPU: write the kernel in NumPy, or put the operation into the network, where it is compiled "
    "for this processor"
)


def compile(source, *_, **__):  # noqa: A001  PyCUDA's name
    raise CompileError(f"compile: {_REASON}")


class SourceModule:
    """Refused."""

    def __init__(self, source, *_, **__):
        raise CompileError(f"SourceModule: {_REASON}")


DynamicSourceModule = SourceModule
DynamicModule = SourceModule
