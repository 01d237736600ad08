# SPDX-License-Identifier: Apache-2.0
"""Streams, events, capture and replay."""

from __future__ import annotations

import contextlib
import itertools
from ctypes import byref, c_bool, c_double, c_size_t
from typing import Callable

import numpy as np

from ._library import (
    COPY_BORROWED, COPY_DEVICE_TO_DEVICE, COPY_DEVICE_TO_HOST, COPY_HOST_TO_DEVICE, EVENT_BLOCKING, EVENT_NO_TIMING,
    NOT_READY, STREAM_NON_BLOCKING, HostFunction, Owned, check, encode, last_error, lib, new_handle,
)
from .device import Device, default_device
from .errors import InvalidArgumentError
from .memory import contiguous


class Event(Owned):
    """A marker in a stream: recorded, waited for, timed. CUDA: ``cudaEvent_t``.

    An event that was never recorded is ready and holds nobody up. ``await event`` suspends the task until it is ready.
    """

    __slots__ = ()
    _destroy = lib.alula_event_destroy

    def __init__(self, *, timing: bool = True, blocking: bool = False):
        flags = (0 if timing else EVENT_NO_TIMING) | (EVENT_BLOCKING if blocking else 0)
        super().__init__(new_handle(lib.alula_event_create, flags))

    def record(self, stream: "Stream") -> "Event":
        """Records the event: it is ready when everything enqueued on ``stream`` so far has run."""
        check(lib.alula_stream_record(stream._handle, self._handle))
        return self

    def query(self) -> bool:
        """Whether the recorded work is done; raises what it failed with."""
        return _is_ready(lib.alula_event_query(self._handle))

    def synchronize(self) -> None:
        """Waits for the recorded work; raises what it failed with."""
        check(lib.alula_event_synchronize(self._handle))

    def elapsed_since(self, start: "Event") -> float:
        """Milliseconds from ``start`` to this event."""
        milliseconds = c_double()
        check(lib.alula_event_elapsed(start._handle, self._handle, byref(milliseconds)))
        return milliseconds.value

    def __await__(self):
        from .aio import wait_for_event

        return wait_for_event(self).__await__()


class Stream(Owned):
    """A queue of commands that run in order, on its own thread. Commands of different streams may overlap.

    Calls return at once; :meth:`synchronize`, or ``await stream``, waits. A command that fails is reported once by the
    next call, and later commands are skipped until :meth:`clear_error`. CUDA: ``cudaStream_t``.
    """

    __slots__ = ("device", "_captured")
    _destroy = lib.alula_stream_destroy

    def __init__(
        self, device: Device | None = None, *, priority: int = 0, non_blocking: bool = False, name: str | None = None
    ):
        self.device = device or default_device()
        flags = STREAM_NON_BLOCKING if non_blocking else 0
        super().__init__(
            new_handle(lib.alula_stream_create, self.device._handle, priority, flags, name and encode(name))
        )
        # What a capture under way must keep alive, for the graph.
        self._captured: list | None = None

    @classmethod
    def default(cls) -> "Stream":
        """The default stream of the default device: it waits for all streams that are not ``non_blocking``, and they for
        it. CUDA: the legacy stream, 0."""
        stream = cls.__new__(cls)
        stream.device, stream._captured = default_device(), None
        stream._handle, stream._is_open = 0, False
        return stream

    def synchronize(self) -> None:
        """Waits until everything enqueued so far has run."""
        check(lib.alula_stream_synchronize(self._handle))

    def query(self) -> bool:
        """Whether everything enqueued so far has run."""
        return _is_ready(lib.alula_stream_query(self._handle))

    def clear_error(self) -> None:
        """Makes a failed stream usable again; what was issued before stays skipped."""
        check(lib.alula_stream_clear_error(self._handle))

    def record(self, event: Event | None = None) -> Event:
        """Records ``event``, or a new one, and returns it."""
        return (Event() if event is None else event).record(self)

    def call(self, function: Callable[[], None]) -> None:
        """Calls ``function`` in stream order on the stream's thread; later commands wait for it.

        It must not call into Alula. What it raises is reported like an error in a destructor, and the stream goes on.
        CUDA: ``cudaLaunchHostFunc``.
        """
        token = next(_tokens)
        _functions[token] = function, self.is_capturing
        status = lib.alula_stream_call(self._handle, _trampoline, token)
        if status:
            del _functions[token]
            check(status)

    def wait(self, event: Event) -> None:
        """Holds later commands until the work ``event`` was last recorded after has run."""
        check(lib.alula_stream_wait(self._handle, event._handle))

    # Copies

    def upload(self, source: np.ndarray, destination, byte_offset: int = 0) -> None:
        """Copies an array to device memory. It may be reused at once, unless it is pinned."""
        source = contiguous(source, "copy source")
        if self._captured is not None:
            self._captured.append(source)
        check(
            lib.alula_copy_async(
                self._handle, int(destination) + byte_offset, source.ctypes.data, source.nbytes, COPY_HOST_TO_DEVICE
            )
        )

    def download(self, source, destination: np.ndarray, byte_offset: int = 0) -> None:
        """Copies device memory to an array. Returns when the copy is complete, unless the array is pinned."""
        destination = contiguous(destination, "copy destination")
        if not destination.flags.writeable:
            raise InvalidArgumentError("copy destination: got a read-only array, expected a writeable one")
        check(
            lib.alula_copy_async(
                self._handle, destination.ctypes.data, int(source) + byte_offset, destination.nbytes,
                COPY_DEVICE_TO_HOST,
            )
        )

    def copy(self, source, destination, byte_count: int) -> None:
        """Copies between device memory."""
        check(
            lib.alula_copy_async(self._handle, int(destination), int(source), byte_count, COPY_DEVICE_TO_DEVICE)
        )

    def _borrow(self, destination: int, source: int, byte_count: int) -> None:
        """Copies memory that the caller keeps valid and unchanged until the copy has run."""
        check(lib.alula_copy_async(self._handle, destination, source, byte_count, COPY_BORROWED))

    def fill(self, destination, value: int, byte_count: int) -> None:
        """Sets every byte of device memory."""
        check(lib.alula_fill_async(self._handle, int(destination), value, byte_count))

    # Capture

    @contextlib.contextmanager
    def capture(self):
        """Records the commands of the ``with`` block instead of running them, and gives their :class:`Graph`::

            with stream.capture() as graph:
                context.enqueue(stream)
            graph.launch(stream)
        """
        check(lib.alula_stream_begin_capture(self._handle))
        graph = Graph()
        self._captured = graph._kept
        try:
            yield graph
        except BaseException:
            with contextlib.suppress(Exception):
                Graph()._finish(self)
            raise
        finally:
            self._captured = None
        graph._finish(self)

    @property
    def is_capturing(self) -> bool:
        """Whether commands are recorded instead of run."""
        flag = c_bool()
        check(lib.alula_stream_is_capturing(self._handle, byref(flag)))
        return flag.value

    def __await__(self):
        from .aio import wait_for_event

        return wait_for_event(Event(timing=False).record(self)).__await__()


#: What streams are to call, and whether it belongs to a graph, which may call it any number of times.
_functions: dict[int, tuple[Callable[[], None], bool]] = {}
_tokens = itertools.count(1)


@HostFunction
def _trampoline(token):
    function, is_captured = _functions[token]
    if not is_captured:
        del _functions[token]
    function()


class Graph:
    """Captured commands that run again with one call. CUDA: ``cudaGraph_t`` and ``cudaGraphExec_t``."""

    def __init__(self):
        self._graph = 0
        self._executable = 0
        self._kept: list = []

    def _finish(self, stream: Stream) -> None:
        self._graph = new_handle(lib.alula_stream_end_capture, stream._handle)
        self._executable = new_handle(lib.alula_graph_instantiate, self._graph)

    def __len__(self) -> int:
        count = c_size_t()
        check(lib.alula_graph_command_count(self._graph, byref(count)))
        return count.value

    def launch(self, stream: Stream) -> None:
        """Runs the commands again; refused when memory they use was freed or shapes have changed."""
        check(lib.alula_graph_launch(self._executable, stream._handle))

    def __del__(self):
        try:
            if self._executable:
                lib.alula_graph_exec_destroy(self._executable)
            if self._graph:
                lib.alula_graph_destroy(self._graph)
        except (AttributeError, TypeError):
            pass


def _is_ready(status: int) -> bool:
    if status == NOT_READY:
        return False
    if status:
        raise last_error(status)
    return True
