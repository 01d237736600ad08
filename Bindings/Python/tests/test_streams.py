# SPDX-License-Identifier: Apache-2.0
"""Streams, events, memory, capture: what the package adds to the C interface, and its errors."""

import sys
import time

import numpy as np
import pytest

import alula


def test_upload_enqueue_download(small, small_engine, stream, buffers):
    memory, x = buffers(small_engine), small.input()
    context = small_engine.make_context()
    memory.upload(stream, x)
    context.enqueue(stream, memory.memory)
    np.testing.assert_allclose(memory.download(stream, small_engine), small.expected(x), rtol=1e-5, atol=1e-6)


def test_three_ways_to_enqueue_agree(small, small_engine, stream, buffers):
    memory, x = buffers(small_engine), small.input()
    context = small_engine.make_context()
    results = []
    memory.upload(stream, x)
    for name, binding in zip("xy", memory.memory):
        context.set_address(name, binding)
    for run in (
        lambda: context.enqueue(stream),
        lambda: context.enqueue(stream, memory.memory),
        lambda: context.enqueue(stream, [int(binding) for binding in memory.memory], batch_size=1),
        lambda: context.execute(memory.memory),
    ):
        stream.fill(memory.memory[1], 0xFF, memory.memory[1].byte_count)
        stream.synchronize()
        run()
        results.append(memory.download(stream, small_engine))
    for result in results:
        np.testing.assert_array_equal(result, results[0])
    assert context.address("x") == int(memory.memory[0])


def test_pageable_sources_may_change_at_once_and_pinned_ones_may_not(stream):
    # The stream is held up, so that the copies run after the sources have changed.
    memory = [alula.DeviceMemory(16), alula.DeviceMemory(16)]
    pageable, pinned = np.ones(4, np.float32), alula.empty_pinned(4)
    pinned[:] = 1
    stream.call(lambda: time.sleep(0.05))
    stream.upload(pageable, memory[0])
    stream.upload(pinned, memory[1])
    pageable[:], pinned[:] = 2, 2
    results = [np.empty(4, np.float32), np.empty(4, np.float32)]
    for source, result in zip(memory, results):
        stream.download(source, result)
    assert results[0].tolist() == [1] * 4
    assert results[1].tolist() == [2] * 4


def test_downloads_to_pinned_memory_return_at_once(stream):
    memory, pinned = alula.DeviceMemory(16), alula.empty_pinned((2, 2), np.float32)
    stream.call(lambda: time.sleep(0.05))
    stream.upload(np.ones(4, np.float32), memory)
    stream.download(memory, pinned)
    assert not stream.query()
    stream.synchronize()
    assert stream.query() and pinned.tolist() == [[1, 1], [1, 1]]


def test_registered_arrays_are_used_in_place(small, small_engine, stream):
    x, y = small.input(), np.zeros((4, small.width), np.float32)
    source, target = alula.Registration(x), alula.Registration(y)
    assert int(source) == x.ctypes.data
    small_engine.make_context().enqueue(stream, [source, target])
    stream.synchronize()
    np.testing.assert_allclose(y, small.expected(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(alula.InvalidArgumentError, match="registered"):
        alula.Registration(x)
    source.free()
    alula.Registration(x).free()


def test_events_order_streams_and_take_times(stream):
    other, memory, result = alula.Stream(), alula.DeviceMemory(4), np.zeros(1, np.int32)
    start, end = alula.Event(), alula.Event()
    assert start.query(), "never recorded"
    start.record(stream)
    stream.call(lambda: time.sleep(0.02))
    stream.upload(np.int32([7]), memory)
    stream.record(end)
    other.wait(end)
    other.download(memory, result)
    assert result[0] == 7
    assert end.query()
    assert 20 <= end.elapsed_since(start) < 5000
    with pytest.raises(alula.InvalidArgumentError, match="timing"):
        end.elapsed_since(alula.Event(timing=False).record(stream))
    with pytest.raises(alula.InvalidStateError, match="never recorded"):
        end.elapsed_since(alula.Event())


def test_inputs_are_consumed_before_the_end(slow, slow_engine, stream, buffers):
    memory, consumed, done = buffers(slow_engine), alula.Event(), alula.Event()
    memory.upload(stream, slow.input(64))
    context = slow_engine.make_context()
    context.enqueue(stream, memory.memory, input_consumed=consumed)
    stream.record(done)
    consumed.synchronize()
    assert not done.query(), "the input is read by the first of eight layers"
    stream.synchronize()
    context.set_input_consumed(consumed)
    for name, binding in zip("xy", memory.memory):
        context.set_address(name, binding)
    context.enqueue(stream)
    assert not consumed.query()
    consumed.synchronize()


def test_graphs_replay(small, small_engine, stream, buffers):
    memory = buffers(small_engine)
    context, calls = small_engine.make_context(), []
    host = alula.empty_pinned((4, small.width))
    with stream.capture() as graph:
        assert stream.is_capturing
        stream.upload(host, memory.memory[0])
        context.enqueue(stream, memory.memory)
        stream.call(lambda: calls.append(1))
    assert len(graph) == 3 and not calls
    for seed in range(3):
        host[:] = small.input(seed=seed)
        graph.launch(stream)
        np.testing.assert_allclose(
            memory.download(stream, small_engine), small.expected(small.input(seed=seed)), rtol=1e-5, atol=1e-6
        )
    assert len(calls) == 3
    memory.memory[0].free()
    with pytest.raises(alula.InvalidStateError):
        graph.launch(stream)


def test_graphs_keep_pageable_sources(stream):
    memory, result = alula.DeviceMemory(1 << 20), np.empty(1 << 20, np.uint8)
    with stream.capture() as graph:
        stream.upload(np.full(1 << 20, 9, np.uint8), memory)
    filler = [np.zeros(1 << 20, np.uint8) for _ in range(4)]  # would take the place of an array that was let go
    graph.launch(stream)
    stream.download(memory, result)
    assert (result == 9).all() and filler


def test_a_failed_capture_leaves_the_stream_usable(stream):
    with pytest.raises(RuntimeError, match="mine"), stream.capture():
        raise RuntimeError("mine")
    assert not stream.is_capturing
    with pytest.raises(alula.InvalidStateError), stream.capture():
        stream.synchronize()
    stream.synchronize()


def test_host_functions_run_in_order_and_must_not_call_back(stream, monkeypatch):
    log, unraisable = [], []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: unraisable.append(error.exc_type))
    stream.call(lambda: log.append("first"))
    stream.call(lambda: log.append(_name_of_error(stream.synchronize)))
    stream.call(lambda: 1 / 0)
    stream.call(lambda: log.append("last"))
    stream.synchronize()
    assert log == ["first", "NotPermittedError", "last"]
    assert unraisable == [ZeroDivisionError]


def _name_of_error(function):
    try:
        function()
    except alula.AlulaError as error:
        return type(error).__name__
    return "none"


def test_the_default_stream_orders_against_the_others(stream):
    log = []
    stream.call(lambda: (time.sleep(0.02), log.append(1)))
    default = alula.Stream.default()
    default.call(lambda: log.append(2))
    stream.call(lambda: log.append(3))
    stream.synchronize()
    assert log == [1, 2, 3]


@pytest.mark.parametrize(
    "array, text",
    [
        (np.zeros((4, 4), np.float32).T[::2], "non-contiguous"),
        (np.zeros(100, np.float32), "400 bytes|expected at least 400|too short"),
        ([1, 2, 3], "got list"),
    ],
)
def test_wrong_copies_are_named(stream, array, text):
    with pytest.raises(alula.InvalidArgumentError, match=text):
        stream.upload(array, alula.DeviceMemory(64))


def test_read_only_targets_are_named(stream):
    target = np.zeros(4, np.float32)
    target.flags.writeable = False
    with pytest.raises(alula.InvalidArgumentError, match="read-only"):
        stream.download(alula.DeviceMemory(16), target)


def test_freed_memory_is_named(small_engine, stream, buffers):
    memory, context = buffers(small_engine), small_engine.make_context()
    address = int(memory.memory[1])
    memory.memory[1].free()
    with pytest.raises(alula.InvalidArgumentError, match="was freed"):
        context.enqueue(stream, memory.memory)
    with pytest.raises(alula.InvalidArgumentError, match="freed"):
        context.enqueue(stream, [int(memory.memory[0]), address])
    with pytest.raises(alula.InvalidArgumentError, match="freed before"):
        memory.memory[1].free()
    with pytest.raises(alula.InvalidArgumentError, match="freed"):
        stream.download(memory.memory[1], np.zeros(4, np.float32))


@pytest.mark.parametrize(
    "bindings, text",
    [
        (lambda m: m[:1], "number of bindings.*got 1, expected 2"),
        (lambda m: [], "number of bindings.*got 0, expected 2"),
        (lambda m: [*m, m[0]], "number of bindings.*got 3, expected 2"),
        (lambda m: [m[0], 4096], "not memory of this device"),
        (lambda m: [0, m[1]], "not memory of this device"),
        (lambda m: [m[0], "text"], "binding 1: got str"),
        (lambda m: [np.zeros((4, 16), np.float32), m[1]], "binding 0: got ndarray"),
        (lambda m: [m[0], int(m[0])], "overlaps"),
        (lambda m: [m[0], int(m[1]) + 4], "too short"),
        (lambda m: [m[0], int(m[1]) + 1], "too short|misaligned"),
    ],
)
def test_wrong_bindings_are_named(small_engine, stream, buffers, bindings, text):
    memory = buffers(small_engine).memory
    with pytest.raises(alula.InvalidArgumentError, match=text):
        small_engine.make_context().enqueue(stream, bindings(memory))


@pytest.mark.parametrize("wrong", [0, 5, None, "stream", 1 << 60])
def test_what_is_no_stream_is_named(small_engine, buffers, wrong):
    with pytest.raises(alula.InvalidArgumentError, match="as the stream"):
        small_engine.make_context().enqueue(wrong, buffers(small_engine).memory)


def test_closed_objects_are_named(small_engine, stream, buffers):
    memory, context = buffers(small_engine), small_engine.make_context()
    closed, event = alula.Stream(), alula.Event()
    closed.close()
    event.close()
    for call in (
        closed.synchronize, closed.query, lambda: context.enqueue(closed, memory.memory),
        lambda: closed.fill(memory.memory[0], 0, 4), lambda: stream.wait(event), lambda: stream.record(event),
        lambda: context.enqueue(stream, memory.memory, input_consumed=event),
    ):
        with pytest.raises(alula.InvalidArgumentError, match="stale handle"):
            call()
    context.close()
    with pytest.raises(alula.InvalidArgumentError, match="stale handle"):
        context.enqueue(stream, memory.memory)


def test_handles_of_another_kind_are_named(small_engine, stream):
    context = small_engine.make_context()
    with pytest.raises(alula.InvalidArgumentError, match="foreign handle.*stream"):
        alula.Event.synchronize(stream)
    with pytest.raises(alula.InvalidArgumentError, match="foreign handle"):
        alula.Context.enqueue(stream, stream)
    del context


def test_shapes_that_are_not_set_are_named(small, stream):
    engine = type(small)(16, 1, rows="N").engine(profiles={"x": ((1, 16), (4, 16), (9, 16))})
    context = engine.make_context()
    assert context.missing_shapes() == ["x"] and context.shape("y") is None
    with pytest.raises(alula.InvalidStateError, match="'x'"):
        context.enqueue(stream, [alula.DeviceMemory(64), alula.DeviceMemory(64)])
    with pytest.raises(alula.InvalidArgumentError):
        context.set_shape("x", (10, 16))
    with pytest.raises(alula.InvalidArgumentError):
        context.set_shape("y", (4, 16))
    context.set_shape("x", (2, 16))
    assert context.missing_shapes() == [] and context.shape("y") == (2, 16) and context.profile == 0
    with pytest.raises(alula.InvalidArgumentError):
        context.profile = 1


def test_layers_are_timed(small_engine, stream, buffers):
    memory, context, layers = buffers(small_engine), small_engine.make_context(), []
    context.set_profiler(lambda layer, milliseconds: layers.append((layer, milliseconds)))
    context.enqueue(stream, memory.memory)
    stream.synchronize()
    assert len(layers) == small_engine.layer_count
    assert all(milliseconds >= 0 for _, milliseconds in layers)
    context.set_profiler(None)
    context.enqueue(stream, memory.memory)
    stream.synchronize()
    assert len(layers) == small_engine.layer_count


def test_devices_count_and_limit_memory():
    device = alula.Device(1, memory_limit=1 << 20)
    assert device.thread_count == 1 and device.memory_limit == 1 << 20 and device.name
    before = device.allocated_byte_count
    memory = alula.DeviceMemory(1 << 10, device)
    assert device.allocated_byte_count == before + (1 << 10)
    with pytest.raises(MemoryError):
        alula.DeviceMemory(1 << 21, device)
    for wrong in (-1, 1.5, "8", True):
        with pytest.raises(alula.InvalidArgumentError, match="byte count"):
            alula.DeviceMemory(wrong, device)
    memory.free()
    assert device.allocated_byte_count == before


def test_memory_of_another_device_is_named(small_engine, buffers):
    device = alula.Device(1)
    with pytest.raises(alula.InvalidArgumentError, match="not memory of this device"):
        small_engine.make_context(device).enqueue(alula.Stream(device), buffers(small_engine).memory)
    with pytest.raises(alula.InvalidArgumentError, match="another device"):
        small_engine.make_context(device).enqueue(alula.Stream(), buffers(small_engine).memory)
