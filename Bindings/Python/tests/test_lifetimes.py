# SPDX-License-Identifier: Apache-2.0
"""Nothing crashes, whatever goes first; nothing hangs, however a script ends; nothing grows."""

import gc
import itertools
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

import alula


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_any_order_of_deletion(small, small_engine, order):
    engine = alula.Engine.from_bytes(small_engine.to_bytes())
    x, result = small.input(), alula.empty_pinned((4, small.width))
    objects = [engine, engine.make_context(), alula.Stream(), [alula.DeviceMemory(x.nbytes) for _ in range(2)]]
    del engine
    done = alula.Event()
    _, context, stream, memory = objects
    for _ in range(8):
        stream.upload(x, memory[0])
        context.enqueue(stream, memory)
        stream.download(memory[1], result)
    done.record(stream)
    del context, stream, memory
    for index in order:
        objects[index] = None
        gc.collect()
    done.synchronize()
    np.testing.assert_allclose(result, small.expected(x), rtol=1e-5, atol=1e-6)


def test_arrays_live_while_the_library_uses_them(slow, slow_engine, stream):
    class Watched(np.ndarray):
        pass

    x = slow.input(64).view(Watched)
    expected = slow_engine.run({"x": np.asarray(x)})["y"]
    watch, address = weakref.ref(x), x.ctypes.data
    result = alula.DeviceMemory(64 * 1024 * 4)
    slow_engine.make_context().enqueue(stream, [alula.Registration(x), result])
    del x
    gc.collect()
    assert watch() is not None and watch().ctypes.data == address
    y = np.empty_like(expected)
    stream.download(result, y)
    np.testing.assert_array_equal(y, expected)
    stream.synchronize()
    for _ in range(1000):
        alula.Registration(np.zeros(1)).free()  # lets go of what is no longer used
        if watch() is None:
            break
    assert watch() is None


def test_pinned_arrays_live_while_the_library_uses_them(stream):
    memory = alula.DeviceMemory(1 << 20)
    for value in range(20):
        array = alula.empty_pinned(1 << 20, np.uint8)
        array[:] = value
        stream.upload(array, memory)
        del array
    result = np.empty(1 << 20, np.uint8)
    stream.download(memory, result)
    assert (result == 19).all()


def test_views_keep_pinned_memory():
    view = alula.empty_pinned((8, 8))[2:4]
    gc.collect()
    view[:] = 3
    assert view.sum() == 48


def test_memory_is_steady_over_many_enqueues(small_engine, buffers):
    device = alula.Device(1)
    stream, context = alula.Stream(device), small_engine.make_context(device)
    memory = buffers(small_engine, device)
    x = np.zeros((4, 16), np.float32)
    host = alula.empty_pinned((4, 16))

    def enqueue(count):
        for index in range(count):
            stream.upload(x, memory.memory[0])
            context.enqueue(stream, memory.memory)
            stream.download(memory.memory[1], host)
            if index % 500 == 0:
                stream.synchronize()
        stream.synchronize()
        gc.collect()
        return _resident_byte_count()

    enqueue(5000)
    before = enqueue(5000)
    after = enqueue(100_000)
    assert after - before < 1 << 20, f"{after - before} bytes more after 100000 enqueues"


def test_memory_is_steady_over_many_objects(small_engine):
    def make(count):
        for _ in range(count):
            context, stream = small_engine.make_context(), alula.Stream()
            context.set_profiler(lambda *_: None)
            stream.record()
            alula.Registration(np.zeros(16)).free()
            alula.DeviceMemory(64)
        gc.collect()
        return _resident_byte_count()

    make(200)
    before = make(200)
    assert make(1000) - before < 4 << 20


def _resident_byte_count():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# Scripts that end with work in flight

_PRELUDE = """
import os, signal, sys, threading
sys.path.insert(0, {package!r})
import numpy as np
import alula
engine, stream, x = alula.Engine.load({plan!r}), alula.Stream(), np.ones((64, 1024), np.float32)
context = engine.make_context()
memory = [alula.DeviceMemory(x.nbytes), alula.DeviceMemory(x.nbytes)]
stream.upload(x, memory[0])
for _ in range(10):
    context.enqueue(stream, memory)
"""


@pytest.fixture(scope="module")
def end(slow_engine, tmp_path_factory):
    """Runs a script that has work in flight."""
    plan = tmp_path_factory.mktemp("plans") / "slow.plan"
    slow_engine.save(plan)
    prelude = _PRELUDE.format(package=str(pathlib.Path(alula.__file__).parents[1]), plan=str(plan))
    environment = {**os.environ, "ALULA_THREADS": "1"}

    def run(body):
        text = prelude + textwrap.dedent(body)
        return subprocess.run(
            [sys.executable, "-c", text], timeout=120, capture_output=True, text=True, env=environment
        )

    return run


@pytest.mark.parametrize(
    "body, status",
    [
        ("pass", 0),
        ("sys.exit(3)", 3),
        ("raise SystemError('mine')", 1),
        ("os._exit(4)", 4),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.abort()", -signal.SIGABRT),
        ("stream.call(lambda: print('called')); sys.exit(0)", 0),
        ("threading.Thread(target=stream.synchronize, daemon=True).start()", 0),
        ("threading.Thread(target=stream.synchronize).start()", 0),
        ("registration = alula.Registration(x); context.enqueue(stream, [registration, memory[1]]); sys.exit(5)", 5),
        ("import asyncio; asyncio.run(asyncio.wait_for(engine.run_async({'x': x}), 0.001))", 1),
        ("del engine, context, stream, memory", 0),
        ("alula.default_device().close()", 0),
    ],
)
def test_scripts_that_end_with_work_in_flight(end, body, status):
    result = end(body)
    assert result.returncode == status, result.stderr
    if "called" in body:
        assert "called" in result.stdout, "issued work is completed"


def test_a_forked_child_is_refused_and_does_not_hang(end):
    result = end(
        """
        child = os.fork()
        if child == 0:
            refused = 0
            for call in (stream.synchronize, lambda: context.enqueue(stream, memory), lambda: alula.Stream()):
                try:
                    call()
                except alula.InitializationError as error:
                    refused += "fork" in str(error)
            sys.exit(refused)
        _, status = os.waitpid(child, 0)
        stream.synchronize()
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    assert result.returncode == 3, result.stderr


def test_spawned_processes_work(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, sys
            sys.path[:0] = [{str(pathlib.Path(alula.__file__).parents[1])!r}]
            import numpy as np
            import alula

            def work(data, value):
                y = alula.Engine.from_bytes(data).run({{"x": np.full((4, 16), value, np.float32)}})["y"]
                return float(y.sum())

            if __name__ == "__main__":
                sys.path[:0] = [{str(pathlib.Path(__file__).parent)!r}]
                from conftest import Model
                data = Model(16, 2).engine().to_bytes()
                with multiprocessing.get_context("spawn").Pool(2) as pool:
                    results = pool.starmap(work, [(data, 1.0), (data, 2.0)])
                assert results == [work(data, 1.0), work(data, 2.0)], results
            """
        )
    )
    result = subprocess.run([sys.executable, script], timeout=120, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
