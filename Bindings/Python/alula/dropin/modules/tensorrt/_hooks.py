# SPDX-License-Identifier: Apache-2.0
"""What scripts plug into runs: profilers, output allocators; and what is accepted and never asked."""


class IProfiler:
    """Is told the time of every layer; subclass it and override :meth:`report_layer_time`."""

    def __init__(self):
        pass

    def report_layer_time(self, layer_name, ms):
        raise NotImplementedError(f"{type(self).__name__} does not override IProfiler.report_layer_time")


class Profiler(IProfiler):
    """Prints the time of every layer."""

    def report_layer_time(self, layer_name, ms):
        print(f"{layer_name}: {ms}ms")


class IOutputAllocator:
    """Provides the memory of outputs; subclass it."""

    def __init__(self):
        pass

    def reallocate_output(self, tensor_name, memory, size, alignment):
        raise NotImplementedError(f"{type(self).__name__} overrides neither reallocate_output nor its async form")

    def reallocate_output_async(self, tensor_name, memory, size, alignment, stream):
        return self.reallocate_output(tensor_name, memory, size, alignment)

    def notify_shape(self, tensor_name, shape):
        pass


class IDebugListener:
    """Would be given tensors marked for debugging; there are none, mark them as outputs."""

    def __init__(self):
        pass

    def process_debug_tensor(self, addr, location, type, shape, name, stream):
        return True


class IGpuAllocator:
    """Accepted and never asked: the device allocates."""

    def __init__(self):
        pass


IGpuAsyncAllocator = IGpuAllocator
