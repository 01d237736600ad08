# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's driver interface: memory, copies, streams, events, the device.

CUDA kernels are refused by name: a CPU does not run them.
"""

from ._device import (
    Context, Device, ctx_flags, device_attribute, get_driver_version, get_version, init,
)
from ._errors import CompileError, Error, LaunchError, LogicError, MemoryError, RuntimeError  # noqa: A004  PyCUDA's names
from ._copies import (
    from_device, from_device_like, matrix_to_array, memcpy_dtod, memcpy_dtod_async, memcpy_dtoh, memcpy_dtoh_async,
    memcpy_htod, memcpy_htod_async, memset_d8, memset_d8_async, memset_d16, memset_d16_async, memset_d32,
    memset_d32_async, to_device,
)
from ._memory import (
    DeviceAllocation, ManagedAllocation, PagelockedHostAllocation, PointerHolderBase, aligned_empty, aligned_zeros,
    host_alloc_flags, managed_empty, managed_zeros, mem_alloc, mem_alloc_pitch, mem_attach_flags, mem_get_address_range,
    mem_get_info, mem_host_register_flags, pagelocked_empty, pagelocked_empty_like, pagelocked_zeros,
    pagelocked_zeros_like, register_host_memory, unregister_host_memory,
)
from ._streams import Event, Stream, event_flags, stream_flags


class _KernelArgument:
    """An argument of a CUDA kernel; there are no kernels, the names serve code that is never reached."""

    def __init__(self, array):
        self.array = array


In, Out, InOut = _KernelArgument, _KernelArgument, _KernelArgument


def _refuse(name):
    def function(*_, **__):
        raise LogicError(f"{name}: CUDA kernels do not run on a CPU; use NumPy, or put the operation into the network")

    function.__name__ = name
    return function


module_from_file = _refuse("module_from_file")
module_from_buffer = _refuse("module_from_buffer")
make_multichannel_2d_array = _refuse("make_multichannel_2d_array")
matrix_to_texref = _refuse("matrix_to_texref")


def start_profiler():
    """No effect: use ``alula bench --profile-layers``, or an ``IProfiler``."""


stop_profiler = start_profiler
