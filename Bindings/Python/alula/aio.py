# SPDX-License-Identifier: Apache-2.0
"""Awaiting streams and events.

The stream's thread writes to an eventfd when work is done, and the event loop looks which futures that completes. No
thread of Python's waits, and none of Alula's ever takes the interpreter's lock.
"""

from __future__ import annotations

import asyncio
import os
import weakref

from ._library import NOT_READY, check, last_error, lib


class _Waiter:
    """The events one loop waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._file = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._pending: list[tuple] = []
        loop.add_reader(self._file, self._wake)

    def add(self, event, future: asyncio.Future, kept) -> None:
        check(lib.alula_event_notify(event._handle, self._file))
        self._pending.append((event, future, kept))

    def _wake(self) -> None:
        try:
            os.eventfd_read(self._file)
        except BlockingIOError:
            return
        waiting = []
        for entry in self._pending:
            event, future, _ = entry
            status = lib.alula_event_query(event._handle)
            if status == NOT_READY:
                waiting.append(entry)
            elif not future.done():  # a cancelled future is done, but what it used was kept until now
                future.set_exception(last_error(status)) if status else future.set_result(None)
        self._pending = waiting

    def __del__(self):
        # The loop went first. Streams still use what is kept here, and will write to the file.
        for event, _, _ in self._pending:
            lib.alula_event_synchronize(event._handle)
        os.close(self._file)


_waiters: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Waiter]" = weakref.WeakKeyDictionary()


def wait_for_event(event, *kept) -> asyncio.Future:
    """A future that completes with ``event``; ``kept`` is kept alive until then, also if nobody waits any more."""
    loop = asyncio.get_running_loop()
    waiter = _waiters.get(loop)
    if waiter is None:
        waiter = _waiters[loop] = _Waiter(loop)
    future = loop.create_future()
    waiter.add(event, future, kept)
    return future
