# SPDX-License-Identifier: Apache-2.0
"""Streams and events, as PyCUDA has them."""

from ctypes import byref, c_double, c_uint64

from alula._library import EVENT_BLOCKING, EVENT_NO_TIMING, STREAM_NON_BLOCKING, lib

from ._errors import NOT_READY, LogicError, check, failure


class event_flags:
    DEFAULT, BLOCKING_SYNC, DISABLE_TIMING, INTERPROCESS = 0, 1, 2, 4


class stream_flags:
    DEFAULT, NON_BLOCKING = 0, 1


class Stream:
    """A queue of commands; ``handle`` is the number other interfaces know it by. The default stream is 0."""

    __slots__ = ("handle", "__weakref__")

    def __init__(self, flags=0):
        self.handle = 0
        handle = c_uint64()
        native = STREAM_NON_BLOCKING if flags & stream_flags.NON_BLOCKING else 0
        check("Stream", lib.alula_stream_create(0, 0, native, None, byref(handle)))
        self.handle = handle.value

    def synchronize(self):
        """Waits until everything enqueued so far has run."""
        status = lib.alula_stream_synchronize(self.handle)
        if status:
            raise failure("Stream.synchronize", status)

    def is_done(self):
        """Whether everything enqueued so far has run."""
        return is_ready("Stream.is_done", lib.alula_stream_query(self.handle))

    def wait_for_event(self, event):
        """Holds later commands until the work ``event`` was last recorded after has run."""
        check("Stream.wait_for_event", lib.alula_stream_wait(self.handle, event.handle))

    def __int__(self):
        return self.handle

    def __eq__(self, other):
        return isinstance(other, Stream) and self.handle == other.handle

    def __hash__(self):
        return hash(self.handle)

    def __del__(self):
        try:
            if self.handle:
                lib.alula_stream_destroy(self.handle)
        except (AttributeError, TypeError):
            pass  # the constructor failed, or the interpreter is going down


class Event:
    """A marker in a stream: recorded, waited for, timed."""

    __slots__ = ("handle", "__weakref__")

    def __init__(self, flags=0):
        self.handle = 0
        handle = c_uint64()
        native = (EVENT_BLOCKING if flags & event_flags.BLOCKING_SYNC else 0) | (
            EVENT_NO_TIMING if flags & event_flags.DISABLE_TIMING else 0
        )
        check("Event", lib.alula_event_create(native, byref(handle)))
        self.handle = handle.value

    def record(self, stream=None):
        """Marks what ``stream`` has been given so far; None is the default stream."""
        check("Event.record", lib.alula_stream_record(handle_of(stream), self.handle))
        return self

    def synchronize(self):
        """Waits for the recorded work."""
        check("Event.synchronize", lib.alula_event_synchronize(self.handle))
        return self

    def query(self):
        """Whether the recorded work is done."""
        return is_ready("Event.query", lib.alula_event_query(self.handle))

    def time_since(self, event):
        """Milliseconds from ``event`` to this one."""
        milliseconds = c_double()
        check("Event.time_since", lib.alula_event_elapsed(event.handle, self.handle, byref(milliseconds)))
        return milliseconds.value

    def time_till(self, event):
        """Milliseconds from this event to ``event``."""
        return event.time_since(self)

    def ipc_handle(self):
        raise LogicError("Event.ipc_handle: events of another process are not supported")

    def __del__(self):
        try:
            if self.handle:
                lib.alula_event_destroy(self.handle)
        except (AttributeError, TypeError):
            pass  # the constructor failed, or the interpreter is going down


def handle_of(stream):
    """The number of a stream; 0, the default stream, for None."""
    if stream is None:
        return 0
    if type(stream) is Stream or isinstance(stream, Stream):
        return stream.handle
    raise TypeError(f"stream: got {type(stream).__name__} {stream!r}, expected a pycuda.driver.Stream or None")


def is_ready(call, status):
    """What a query answered; raises the failure of the work asked about."""
    if status == NOT_READY:
        return False
    check(call, status)
    return True
