# SPDX-License-Identifier: Apache-2.0
"""libalula.so through ctypes: every function of alula.h, with its argument types.

All calls release the interpreter's lock while they run, so that waiting in one thread holds up no other.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
from ctypes import (
    CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32,
    c_uint64, c_void_p,
)

from typing import Callable

from .errors import make_error

MAX_RANK = 16
NO_VALUE = -1

MEMORY_PAGEABLE, MEMORY_DEVICE, MEMORY_PINNED = 0, 1, 2
COPY_HOST_TO_HOST, COPY_HOST_TO_DEVICE, COPY_DEVICE_TO_HOST, COPY_DEVICE_TO_DEVICE = 0, 1, 2, 3
COPY_INFER, COPY_BORROWED = 4, 5
STREAM_NON_BLOCKING = 1
EVENT_BLOCKING, EVENT_NO_TIMING = 1, 2
NOT_READY = 11


class ShapeStruct(Structure):
    """``alula_shape``: extents with -1 for what varies; a rank of -1 is unknown."""

    _fields_ = [("rank", c_int32), ("extents", c_int64 * MAX_RANK)]

    @classmethod
    def of(cls, shape) -> "ShapeStruct":
        """The C form of a sequence of extents."""
        extents = tuple(int(extent) for extent in shape)
        if len(extents) > MAX_RANK:
            raise make_error(3, f"rank is too high in shape: got {len(extents)}, expected at most {MAX_RANK}")
        return cls(len(extents), (c_int64 * MAX_RANK)(*extents))

    def tuple(self):
        """The extents; None when the rank is not known."""
        return None if self.rank < 0 else tuple(self.extents[: self.rank])


class DeviceInformation(Structure):
    """``alula_device_information``."""

    _fields_ = [
        ("thread_count", c_int32), ("team_count", c_int32), ("memory_limit", c_int64),
        ("allocated_byte_count", c_int64), ("pooled_byte_count", c_int64),
    ]


class AttributeStruct(Structure):
    """``alula_attribute``."""

    _fields_ = [
        ("name", c_char_p), ("kind", c_int32), ("integer", c_int64), ("real", c_float), ("text", c_char_p),
        ("integers", POINTER(c_int64)), ("reals", POINTER(c_float)), ("count", c_size_t),
    ]


class ValueInformation(Structure):
    """``alula_value_information``."""

    _fields_ = [
        ("name", c_char_p), ("data_type", c_int32), ("shape", ShapeStruct), ("is_input", c_bool),
        ("is_output", c_bool), ("is_constant", c_bool), ("producer", c_int64),
    ]


class NodeInformation(Structure):
    """``alula_node_information``."""

    _fields_ = [
        ("name", c_char_p), ("operator_name", c_char_p), ("input_count", c_size_t), ("output_count", c_size_t),
    ]


class EngineInformation(Structure):
    """``alula_engine_information``."""

    _fields_ = [
        ("name", c_char_p), ("binding_count", c_int32), ("profile_count", c_int32), ("layer_count", c_int32),
        ("max_batch_size", c_int32), ("has_implicit_batch", c_bool),
    ]


class BindingStruct(Structure):
    """``alula_binding``."""

    _fields_ = [("name", c_char_p), ("is_input", c_bool), ("data_type", c_int32), ("shape", ShapeStruct)]


WarningHandler = CFUNCTYPE(None, c_void_p, c_char_p)
HostFunction = CFUNCTYPE(None, c_void_p)
Progress = CFUNCTYPE(c_bool, c_void_p, c_char_p, c_int32, c_int32)
LayerTime = CFUNCTYPE(None, c_void_p, c_char_p, c_double)
ReallocateOutput = CFUNCTYPE(c_void_p, c_void_p, c_char_p, c_size_t)
NotifyShape = CFUNCTYPE(None, c_void_p, c_char_p, POINTER(ShapeStruct))

_H = c_uint64  # a handle: a struct of one 64-bit number, which C passes like the number
_HP = POINTER(c_uint64)
_SHAPE = POINTER(ShapeStruct)
_SIZE = POINTER(c_size_t)

_FUNCTIONS = {
    "set_warning_handler": (WarningHandler, c_void_p),
    "bytes_get": (_H, POINTER(c_void_p), _SIZE),
    "bytes_destroy": (_H,),
    "device_create": (c_int32, c_int32, c_int64, _HP),
    "device_default": (_HP,),
    "device_set_default": (_H,),
    "device_destroy": (_H,),
    "device_synchronize": (_H,),
    "device_get_information": (_H, POINTER(DeviceInformation)),
    "allocate": (_H, c_int32, c_size_t, POINTER(c_void_p)),
    "free": (_H, c_void_p),
    "register_host": (_H, c_void_p, c_size_t, c_uint64),
    "released_tokens": (POINTER(c_uint64), c_size_t, _SIZE),
    "memory_query": (_H, c_void_p, POINTER(c_int32), POINTER(c_void_p), _SIZE),
    "copy_async": (_H, c_void_p, c_void_p, c_size_t, c_int32),
    "copy": (_H, c_void_p, c_void_p, c_size_t, c_int32),
    "fill_async": (_H, c_void_p, c_int32, c_size_t),
    "stream_create": (_H, c_int32, c_uint32, c_char_p, _HP),
    "stream_destroy": (_H,),
    "stream_synchronize": (_H,),
    "stream_query": (_H,),
    "stream_record": (_H, _H),
    "stream_wait": (_H, _H),
    "stream_get_flags": (_H, POINTER(c_uint32), POINTER(c_int32)),
    "stream_clear_error": (_H,),
    "stream_call": (_H, HostFunction, c_void_p),
    "stream_allocate": (_H, c_size_t, POINTER(c_void_p)),
    "stream_free": (_H, c_void_p),
    "event_create": (c_uint32, _HP),
    "event_destroy": (_H,),
    "event_query": (_H,),
    "event_synchronize": (_H,),
    "event_elapsed": (_H, _H, POINTER(c_double)),
    "event_notify": (_H, c_int32),
    "stream_begin_capture": (_H,),
    "stream_is_capturing": (_H, POINTER(c_bool)),
    "stream_end_capture": (_H, _HP),
    "graph_command_count": (_H, _SIZE),
    "graph_destroy": (_H,),
    "graph_instantiate": (_H, _HP),
    "graph_launch": (_H, _H),
    "graph_exec_destroy": (_H,),
    "network_create": (c_char_p, _HP),
    "network_from_onnx_file": (c_char_p, _HP),
    "network_from_onnx_bytes": (c_char_p, c_size_t, c_char_p, _HP),
    "network_copy": (_H, _HP),
    "network_destroy": (_H,),
    "network_add_input": (_H, c_char_p, c_int32, _SHAPE, POINTER(c_int32)),
    "network_add_constant": (_H, c_char_p, c_int32, _SHAPE, c_void_p, POINTER(c_int32)),
    "network_add_node": (
        _H, c_char_p, c_char_p, POINTER(c_int32), c_size_t, POINTER(AttributeStruct), c_size_t, POINTER(c_int32),
        c_size_t,
    ),
    "network_mark_output": (_H, c_int32),
    "network_unmark_output": (_H, c_int32),
    "network_set_input": (_H, c_size_t, c_size_t, c_int32),
    "network_rename": (_H, c_int32, c_char_p),
    "network_set_input_shape": (_H, c_int32, _SHAPE),
    "network_counts": (_H, _SIZE, _SIZE, _SIZE),
    "network_get_input": (_H, c_size_t, POINTER(c_int32)),
    "network_get_output": (_H, c_size_t, POINTER(c_int32)),
    "network_get_value": (_H, c_int32, POINTER(ValueInformation)),
    "network_get_node": (_H, c_size_t, POINTER(NodeInformation)),
    "network_get_node_values": (_H, c_size_t, POINTER(c_int32), POINTER(c_int32)),
    "network_get_constant": (_H, c_int32, _HP),
    "supported_operators": (_HP,),
    "builder_create": (_HP,),
    "builder_destroy": (_H,),
    "builder_set_strict": (_H, c_bool),
    "builder_set_timing": (_H, c_bool, c_int32),
    "builder_set_implicit_batch": (_H, c_int32),
    "builder_add_profile": (_H, _SIZE),
    "builder_set_profile_shape": (_H, c_size_t, c_char_p, _SHAPE, _SHAPE, _SHAPE),
    "builder_set_timing_cache": (_H, c_char_p, c_size_t),
    "builder_set_progress": (_H, Progress, c_void_p),
    "builder_build": (_H, _H, _HP),
    "builder_get_report": (_H, _HP),
    "builder_get_timing_cache": (_H, _HP),
    "plan_from_file": (c_char_p, _HP),
    "plan_from_bytes": (c_char_p, c_size_t, _HP),
    "plan_write": (_H, c_char_p),
    "plan_serialize": (_H, _HP),
    "plan_destroy": (_H,),
    "engine_create": (_H, _HP),
    "engine_destroy": (_H,),
    "engine_get_plan": (_H, _HP),
    "engine_get_information": (_H, POINTER(EngineInformation)),
    "engine_get_binding": (_H, c_int32, POINTER(BindingStruct)),
    "engine_find_binding": (_H, c_char_p, POINTER(c_int32)),
    "engine_get_profile_shape": (_H, c_int32, c_char_p, _SHAPE, _SHAPE, _SHAPE),
    "engine_workspace": (_H, c_int32, POINTER(c_int64)),
    "engine_describe": (_H, _HP),
    "context_create": (_H, _H, c_char_p, c_void_p, _HP),
    "context_destroy": (_H,),
    "context_enqueue": (_H, c_void_p, c_size_t, _H, _H),
    "context_enqueue_batch": (_H, c_int32, c_void_p, c_size_t, _H, _H),
    "context_enqueue_named": (_H, _H),
    "context_execute": (_H, c_int32, c_void_p, c_size_t),
    "context_set_address": (_H, c_char_p, c_void_p),
    "context_get_address": (_H, c_char_p, POINTER(c_void_p)),
    "context_set_input_shape": (_H, c_char_p, _SHAPE),
    "context_get_shape": (_H, c_char_p, _SHAPE),
    "context_infer_shapes": (_H, _HP),
    "context_set_profile": (_H, c_int32),
    "context_get_profile": (_H, POINTER(c_int32)),
    "context_set_input_consumed": (_H, _H),
    "context_workspace": (_H, POINTER(c_int64)),
    "context_set_profiler": (_H, LayerTime, c_void_p),
    "context_set_output_allocator": (_H, c_char_p, ReallocateOutput, NotifyShape, c_void_p),
}


def library_path() -> str:
    """Where libalula.so is: ``ALULA_LIBRARY``, else beside this file."""
    given = os.environ.get("ALULA_LIBRARY")
    return given or str(pathlib.Path(__file__).parent / "lib" / "libalula.so")


def _load() -> ctypes.CDLL:
    path = library_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"cannot load the Alula library: {error}; build it with Tools/build-library.sh, or set ALULA_LIBRARY to its path"
        ) from error
    for name, arguments in _FUNCTIONS.items():
        function = getattr(library, f"alula_{name}")
        function.argtypes = arguments
        function.restype = c_int32
    for name in ("version", "last_error", "device_name"):
        getattr(library, f"alula_{name}").restype = c_char_p
    library.alula_status_name.argtypes = (c_int32,)
    library.alula_status_name.restype = c_char_p
    return library


lib = _load()


def last_error(status: int) -> Exception:
    """The error of the call that just failed on this thread."""
    return make_error(status, lib.alula_last_error().decode(errors="replace"))


def check(status: int) -> None:
    """Raises the error of a failed call."""
    if status:
        raise last_error(status)


def encode(text) -> bytes:
    """Text or a path for C."""
    return os.fsencode(text)


def new_handle(function, *arguments) -> int:
    """Calls a function whose last argument receives a handle."""
    handle = c_uint64()
    check(function(*arguments, byref(handle)))
    return handle.value


def take_bytes(handle: int) -> bytes:
    """The bytes behind an ``alula_bytes``, which is destroyed."""
    start, count = c_void_p(), c_size_t()
    try:
        check(lib.alula_bytes_get(handle, byref(start), byref(count)))
        return ctypes.string_at(start, count.value) if count.value else b""
    finally:
        lib.alula_bytes_destroy(handle)


class Owned:
    """An object with a handle, destroyed with it. Work in flight keeps what it uses on the other side.

    The handle stays after :meth:`close`, so that later calls are refused by name instead of reaching something else.
    """

    __slots__ = ("_handle", "_is_open", "__weakref__")
    _destroy: Callable[[int], int]

    def __init__(self, handle: int):
        self._handle = handle
        self._is_open = True

    @property
    def handle(self) -> int:
        """The number the C interface knows the object by."""
        return self._handle

    def close(self) -> None:
        """Gives up the object now; closing twice is fine. Issued work completes."""
        if self._is_open:
            self._is_open = False
            check(type(self)._destroy(self._handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        try:
            if self._is_open:
                self._is_open = False
                type(self)._destroy(self._handle)
        except (AttributeError, TypeError):
            pass  # the constructor failed, or the interpreter is going down
