# SPDX-License-Identifier: Apache-2.0
"""The device and its contexts, as PyCUDA has them: one device, the CPU; contexts are names for it."""

import enum
import threading
from ctypes import byref

from alula._library import DeviceInformation, lib

from ._errors import LogicError, check


class ctx_flags:
    SCHED_AUTO, SCHED_SPIN, SCHED_YIELD, SCHED_BLOCKING_SYNC, SCHED_MASK = 0, 1, 2, 4, 7
    MAP_HOST, LMEM_RESIZE_TO_MAX, FLAGS_MASK = 8, 16, 31


class device_attribute(enum.IntEnum):
    """The attributes that have an answer on a CPU."""

    MAX_THREADS_PER_BLOCK = 1
    MAX_SHARED_MEMORY_PER_BLOCK = 8
    TOTAL_CONSTANT_MEMORY = 9
    WARP_SIZE = 10
    CLOCK_RATE = 13
    MULTIPROCESSOR_COUNT = 16
    KERNEL_EXEC_TIMEOUT = 17
    INTEGRATED = 18
    CAN_MAP_HOST_MEMORY = 19
    COMPUTE_MODE = 20
    CONCURRENT_KERNELS = 31
    ECC_ENABLED = 32
    PCI_BUS_ID = 33
    PCI_DEVICE_ID = 34
    ASYNC_ENGINE_COUNT = 40
    UNIFIED_ADDRESSING = 41
    COMPUTE_CAPABILITY_MAJOR = 75
    COMPUTE_CAPABILITY_MINOR = 76
    MANAGED_MEMORY = 83


def information():
    """What the library says of its default device."""
    result = DeviceInformation()
    check("Device", lib.alula_device_get_information(0, byref(result)))
    return result


def attributes():
    """The answers, by attribute."""
    answers = dict.fromkeys(device_attribute, 0)
    answers.update(
        {
            device_attribute.MAX_THREADS_PER_BLOCK: 1,
            device_attribute.WARP_SIZE: 1,
            device_attribute.MULTIPROCESSOR_COUNT: information().thread_count,
            device_attribute.INTEGRATED: 1,
            device_attribute.CAN_MAP_HOST_MEMORY: 1,
            device_attribute.CONCURRENT_KERNELS: 1,
            device_attribute.ASYNC_ENGINE_COUNT: 1,
            device_attribute.UNIFIED_ADDRESSING: 1,
            device_attribute.MANAGED_MEMORY: 1,
        }
    )
    return answers


class Device:
    """The CPU, device 0. Its compute capability is (0, 0), so that scripts leave out what a GPU would be needed for."""

    def __init__(self, number=0):
        if isinstance(number, str):
            number = 0
        if number != 0:
            raise LogicError(f"Device: got device {number}, expected 0: there is one, the CPU")
        self._number = 0

    @staticmethod
    def count():
        return 1

    def name(self):
        return lib.alula_device_name().decode()

    def pci_bus_id(self):
        return "0000:00:00.0"

    def compute_capability(self):
        return (0, 0)

    def total_memory(self):
        return information().memory_limit

    def get_attribute(self, attribute):
        return attributes().get(attribute, 0)

    def get_attributes(self):
        return attributes()

    def __getattr__(self, name):
        try:
            return attributes()[device_attribute[name.upper()]]
        except KeyError:
            raise AttributeError(f"device attribute '{name}' has no meaning on a CPU") from None

    def make_context(self, flags=0):
        """Makes a context and enters it."""
        context = Context(self)
        context.push()
        return context

    def retain_primary_context(self):
        return Context(self)

    def can_access_peer(self, other):
        return False

    def __eq__(self, other):
        return isinstance(other, Device)

    def __hash__(self):
        return 0


class _Stack(threading.local):
    def __init__(self):
        self.contexts = []


_stack = _Stack()


class Context:
    """A context of the device. Every thread can use everything without one; pushing and popping is book-keeping."""

    def __init__(self, device=None):
        self._device = device or Device(0)

    def push(self):
        _stack.contexts.append(self)

    @staticmethod
    def pop():
        if not _stack.contexts:
            raise LogicError("Context.pop failed: no context is current in this thread")
        _stack.contexts.pop()

    def detach(self):
        """Leaves the context. What was made in it stays usable."""
        if self in _stack.contexts:
            _stack.contexts.remove(self)

    @staticmethod
    def synchronize():
        """Waits for everything enqueued on all streams."""
        check("Context.synchronize", lib.alula_device_synchronize(0))

    @staticmethod
    def get_current():
        return _stack.contexts[-1] if _stack.contexts else None

    @staticmethod
    def get_device():
        return Device(0)

    @staticmethod
    def attach(flags=0):
        context = Context()
        context.push()
        return context

    def get_api_version(self):
        return 12000

    @staticmethod
    def set_limit(limit, value):
        return None

    @staticmethod
    def get_limit(limit):
        return 0

    @staticmethod
    def set_cache_config(config):
        return None

    @staticmethod
    def get_cache_config():
        return 0

    @staticmethod
    def enable_peer_access(peer, flags=0):
        raise LogicError("Context.enable_peer_access: there is one device")

    @property
    def handle(self):
        return id(self)


def init(flags=0):
    """Makes sure that there is a device."""
    information()


def get_version():
    return (12, 0, 0)


def get_driver_version():
    return 12000
