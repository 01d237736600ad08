# SPDX-License-Identifier: Apache-2.0
"""Buffers for an engine, the way most scripts make them."""

import numpy as np
import pycuda.driver as cuda
import tensorrt as trt


class HostAndDevice:
    """A page-locked array and its device memory."""

    def __init__(self, shape, dtype):
        self.shape = tuple(shape)
        self.host = cuda.pagelocked_empty(trt.volume(self.shape), dtype)
        self.device = cuda.mem_alloc(self.host.nbytes)


class Buffers:
    """Inputs, outputs, bindings and a stream."""

    def __init__(self, engine, context, batch_size=None):
        self.inputs, self.outputs, self.bindings = [], [], []
        self.stream = cuda.Stream()
        for index in range(engine.num_bindings // engine.num_optimization_profiles):
            shape = tuple(context.get_binding_shape(index))
            if batch_size is not None:
                shape = (batch_size, *shape)
            buffer = HostAndDevice(shape, trt.nptype(engine.get_binding_dtype(index)))
            self.bindings.append(int(buffer.device))
            (self.inputs if engine.binding_is_input(index) else self.outputs).append(buffer)

    def fill(self, *arrays):
        for buffer, array in zip(self.inputs, arrays):
            buffer.host[:] = np.ravel(array)

    def upload(self):
        for buffer in self.inputs:
            cuda.memcpy_htod_async(buffer.device, buffer.host, self.stream)

    def download(self):
        for buffer in self.outputs:
            cuda.memcpy_dtoh_async(buffer.host, buffer.device, self.stream)

    def results(self):
        return [buffer.host.reshape(buffer.shape).copy() for buffer in self.outputs]
