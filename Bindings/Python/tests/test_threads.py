# SPDX-License-Identifier: Apache-2.0
"""Threads: one context each, the interpreter's lock let go while waiting."""

import threading
import time

import numpy as np
import pytest

import alula


def _in_threads(count, body):
    errors = []

    def run(index):
        try:
            body(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_eight_threads_with_contexts_and_streams_of_their_own(small, small_engine, buffers):
    inputs = [small.input(seed=seed) for seed in range(8)]
    serial = [small_engine.run({"x": x})["y"] for x in inputs]

    def work(index):
        context, stream, memory = small_engine.make_context(), alula.Stream(), buffers(small_engine)
        for _ in range(200):
            memory.upload(stream, inputs[index])
            context.enqueue(stream, memory.memory)
            np.testing.assert_array_equal(memory.download(stream, small_engine), serial[index])

    _in_threads(8, work)


def test_eight_threads_at_one_engine(small, small_engine):
    inputs = [small.input(seed=seed) for seed in range(8)]
    serial = [small_engine.run({"x": x})["y"] for x in inputs]

    def work(index):
        for turn in range(100):
            y = small_engine.run({"x": inputs[index]}, zero_copy=turn % 2 == 1)["y"]
            np.testing.assert_array_equal(y, serial[index])

    _in_threads(8, work)


@pytest.mark.parametrize("wait", ["synchronize", "event", "download", "run", "execute"])
def test_waiting_holds_up_no_other_thread(slow, slow_engine, stream, buffers, wait):
    memory, context, x = buffers(slow_engine), slow_engine.make_context(), slow.input(64)
    stream.upload(x, memory.memory[0])
    if wait in ("synchronize", "event", "download"):
        for _ in range(4):
            context.enqueue(stream, memory.memory)
    waits = {
        "synchronize": stream.synchronize,
        "event": lambda: stream.record(alula.Event(blocking=True)).synchronize(),
        "download": lambda: memory.download(stream, slow_engine),
        "run": lambda: [slow_engine.run({"x": x}) for _ in range(4)],
        "execute": lambda: [context.execute(memory.memory) for _ in range(4)],
    }
    is_waiting, turns = True, 0

    def count():
        nonlocal turns
        while is_waiting:
            turns += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    before = turns
    waits[wait]()
    during = turns - before
    is_waiting = False
    thread.join()
    # A thread that keeps the lock lets another in every 5 ms at best, and not at all inside a C call.
    assert during > 20


def test_a_context_refuses_a_second_caller(slow, slow_engine, buffers):
    context, memory = slow_engine.make_context(), buffers(slow_engine)
    refused, done = 0, threading.Event()

    def execute():
        for _ in range(5):
            context.execute(memory.memory)
        done.set()

    thread = threading.Thread(target=execute)
    thread.start()
    while not done.is_set():
        try:
            context.shape("x")
        except alula.InvalidStateError as error:
            assert "in use by another caller" in str(error)
            refused += 1
        time.sleep(0.001)
    thread.join()
    assert refused > 0


def test_a_context_in_flight_on_another_stream_is_refused(slow, slow_engine, stream, buffers):
    context, memory = slow_engine.make_context(), buffers(slow_engine)
    context.enqueue(stream, memory.memory)
    with pytest.raises(alula.InvalidStateError, match="stream"):
        context.enqueue(alula.Stream(), memory.memory)
    stream.synchronize()
    context.enqueue(alula.Stream(), memory.memory)
