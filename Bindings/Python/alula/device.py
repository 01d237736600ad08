# SPDX-License-Identifier: Apache-2.0
"""The CPU as a device: worker teams, memory, streams."""

from __future__ import annotations

import atexit
import threading
import weakref
from ctypes import byref

from ._library import DeviceInformation, Owned, check, lib, new_handle


class Device(Owned):
    """A CPU device. CUDA: a device with its context.

    :param threads: threads that compute; None takes every core the process may use.
    :param teams: streams that compute at the same time; threads are shared between them.
    :param memory_limit: the most memory to allocate, in bytes; None takes what the machine leaves.

    A process made by ``fork`` must not use its parent's device: with ``multiprocessing``, choose ``spawn``.
    """

    __slots__ = ()
    _destroy = lib.alula_device_destroy

    def __init__(self, threads: int | None = None, *, teams: int = 1, memory_limit: int | None = None):
        super().__init__(new_handle(lib.alula_device_create, threads or 0, teams, memory_limit or 0))
        _devices.add(self)

    def _information(self) -> DeviceInformation:
        information = DeviceInformation()
        check(lib.alula_device_get_information(self._handle, byref(information)))
        return information

    @property
    def thread_count(self) -> int:
        """Threads over all teams."""
        return self._information().thread_count

    @property
    def memory_limit(self) -> int:
        """The most that device and pinned memory may take, in bytes."""
        return self._information().memory_limit

    @property
    def allocated_byte_count(self) -> int:
        """Bytes in live allocations."""
        return self._information().allocated_byte_count

    @property
    def name(self) -> str:
        """The processor's name."""
        return lib.alula_device_name().decode()

    def synchronize(self) -> None:
        """Waits for everything enqueued on all streams."""
        check(lib.alula_device_synchronize(self._handle))

    def make_default(self) -> None:
        """Uses this device wherever none is named, from now on."""
        global _default
        check(lib.alula_device_set_default(self._handle))
        with _lock:
            _default = self

    def __repr__(self):
        return f"<alula.Device '{self.name}'>"


_devices: "weakref.WeakSet[Device]" = weakref.WeakSet()


@atexit.register
def _finish() -> None:
    """Lets issued work end while the arrays it uses and the interpreter it may call are still there."""
    for device in list(_devices):
        lib.alula_device_synchronize(device._handle)


_default: Device | None = None
_lock = threading.Lock()


def default_device() -> Device:
    """The device used where none is named; made at the first use, with ``ALULA_THREADS`` threads or one a core."""
    global _default
    handle = new_handle(lib.alula_device_default)
    with _lock:
        if _default is None or _default._handle != handle:
            _default = Device.__new__(Device)
            # Nobody's to destroy: the library keeps it as long as the process lives.
            _default._handle, _default._is_open = handle, False
            _devices.add(_default)
        return _default
