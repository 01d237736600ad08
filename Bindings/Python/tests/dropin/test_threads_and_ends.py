# SPDX-License-Identifier: Apache-2.0
"""Many threads, many enqueues, and scripts that die in the middle."""

import gc
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pycuda.driver as cuda
import pytest
import tensorrt as trt
from buffers import Buffers

SECONDS = float(os.environ.get("ALULA_TEST_SECONDS", 2))


def test_threads_with_contexts_and_streams_of_their_own_agree_with_serial_runs(plan, logger):
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    rng = np.random.default_rng(4)
    images = [rng.standard_normal((1, 3, 12, 12)).astype(np.float32) for _ in range(8)]

    def run(buffers, context, image):
        buffers.fill(image)
        buffers.upload()
        assert context.execute_async_v2(buffers.bindings, buffers.stream.handle)
        buffers.download()
        buffers.stream.synchronize()
        return [result.tobytes() for result in buffers.results()]

    context = engine.create_execution_context()
    serial = [run(Buffers(engine, context), context, image) for image in images]
    failures, rounds = [], []
    until = time.monotonic() + SECONDS

    def work(number):
        context = engine.create_execution_context()
        buffers = Buffers(engine, context)
        count = 0
        try:
            while time.monotonic() < until:
                if run(buffers, context, images[number]) != serial[number]:
                    failures.append(f"thread {number}, round {count}: other bits")
                    return
                count += 1
        except BaseException as error:
            failures.append(f"thread {number}, round {count}: {error!r}")
        rounds.append(count)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and min(rounds) > 0


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_memory_is_steady_over_many_enqueues(logger):
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    x = network.add_input("x", trt.float32, (1, 64))
    network.mark_output(network.add_activation(x, trt.ActivationType.RELU).get_output(0))
    plan = builder.build_serialized_network(network, builder.create_builder_config())
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    buffers, event = Buffers(engine, context), cuda.Event()
    pageable = np.ones(64, np.float32)

    def enqueue(count):
        for index in range(count):
            cuda.memcpy_htod_async(buffers.inputs[0].device, pageable, buffers.stream)
            assert context.execute_async_v2(buffers.bindings, buffers.stream.handle, event.handle)
            buffers.download()
            if index % 100 == 99:
                buffers.stream.synchronize()
        buffers.stream.synchronize()
        gc.collect()

    enqueue(2000)
    before, free = resident(), cuda.mem_get_info()[0]
    enqueue(20_000)
    assert resident() - before < 1 << 20 and cuda.mem_get_info()[0] == free


# Scripts that die

SETUP = '''
import sys, os, signal, threading
import alula.dropin
alula.dropin.install()
import numpy as np, pycuda.autoinit, pycuda.driver as cuda, tensorrt as trt
logger = trt.Logger(trt.Logger.ERROR)
builder = trt.Builder(logger)
network = builder.create_network(1)
x = network.add_input("x", trt.float32, (1, 32, 96, 96))
for _ in range(6):
    layer = network.add_convolution_nd(x, 32, (3, 3), np.ones((32, 32, 3, 3), np.float32))
    layer.padding_nd = (1, 1)
    x = layer.get_output(0)
network.mark_output(x)
config = builder.create_builder_config()
config.builder_optimization_level = 0
engine = trt.Runtime(logger).deserialize_cuda_engine(builder.build_serialized_network(network, config))
context = engine.create_execution_context()
size = 4 * 32 * 96 * 96
bindings = [cuda.mem_alloc(size), cuda.mem_alloc(size)]
stream = cuda.Stream()
class Profiler(trt.IProfiler):
    def report_layer_time(self, layer_name, ms):
        pass
def enqueue(count=20):
    for _ in range(count):
        assert context.execute_async_v2([int(b) for b in bindings], stream.handle)
'''

ENDS = {
    "returns": "enqueue()",
    "raises": "enqueue()\nraise KeyError('mine')",
    "exits": "enqueue()\nsys.exit(5)",
    "exits at once": "enqueue()\nos._exit(6)",
    "with a profiler": "context.profiler = Profiler()\ncontext.enqueue_emits_profile = False\nenqueue()",
    "from a thread": "t = threading.Thread(target=enqueue)\nt.start()\nt.join()",
    "with a thread under way": "t = threading.Thread(target=lambda: [enqueue() for _ in range(9)], daemon=True)\nt.start()",
    "interrupted": "enqueue()\nsignal.raise_signal(signal.SIGINT)",
    "terminated": "enqueue()\nos.kill(os.getpid(), signal.SIGTERM)",
    "killed": "enqueue()\nos.kill(os.getpid(), signal.SIGKILL)",
    "capturing": "from cuda.bindings import runtime\nruntime.cudaStreamBeginCapture(stream.handle, 0)\nenqueue()",
    "deletes in another order": "enqueue()\ndel stream, bindings, engine, logger, builder, network\nimport gc\ngc.collect()",
}
STATUS = {"raises": 1, "exits": 5, "exits at once": 6, "terminated": -15, "killed": -9}


@pytest.mark.parametrize("end", ENDS)
def test_a_script_that_dies_leaves_no_hang(end):
    done = subprocess.run(
        [sys.executable, "-c", SETUP + ENDS[end]], capture_output=True, text=True, timeout=60, check=False
    )
    allowed = (-2, 1, 130) if end == "interrupted" else (STATUS.get(end, 0),)
    assert done.returncode in allowed, done.stderr
    assert "Fatal" not in done.stderr and "Segmentation" not in done.stderr
