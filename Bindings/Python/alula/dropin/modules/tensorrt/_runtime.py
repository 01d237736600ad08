# SPDX-License-Identifier: Apache-2.0
"""The runtime: from bytes to engines."""

import alula
from alula import AlulaError, InvalidArgumentError

from ._engine import ICudaEngine
from ._enums import TempfileControlFlag
from ._logging import Reporter, checked_logger
from ._plugins import get_plugin_registry


def _foreign_plan(data):
    """A sentence for plans of TensorRT itself; None for anything else. Theirs begin with 'ftrt' or 'ptrt'."""
    if bytes(data[:4]) in (b"ftrt", b"ptrt"):
        return InvalidArgumentError(
            "this is a plan of NVIDIA TensorRT, whose machine code runs on its GPU only: rebuild it from the ONNX model, "
            "with this script or with 'alula build model.onnx -o model.plan'"
        )
    return None


class IStreamReader:
    """Gives the bytes of a plan; subclass it and override :meth:`read`."""

    def __init__(self):
        pass

    def read(self, size):
        return b""


class IStreamReaderV2(IStreamReader):
    """As :class:`IStreamReader`, with a stream for readers that fill device memory; ours reads to the host."""

    def read(self, size, cuda_stream_handle=0):
        return b""

    def seek(self, offset, where):
        return False


class Runtime(Reporter):
    """Loads engines."""

    def __init__(self, logger):
        self._logger = checked_logger(logger)
        self.error_recorder = None
        self.gpu_allocator = None
        self.DLA_core = -1
        self.max_threads = 1
        self.engine_host_code_allowed = False
        self.temporary_directory = ""
        self.tempfile_control_flags = (1 << int(TempfileControlFlag.ALLOW_IN_MEMORY_FILES)) | (
            1 << int(TempfileControlFlag.ALLOW_TEMPORARY_FILES)
        )

    num_DLA_cores = 0

    @property
    def logger(self):
        return self._logger

    def deserialize_cuda_engine(self, serialized_engine):
        """Loads a plan; None when it is not one, which is logged."""
        data = serialized_engine
        try:
            if hasattr(data, "read") and not isinstance(data, (bytes, bytearray, memoryview)):
                data = _read_all(data)
            refusal = _foreign_plan(data)
            if refusal is not None:
                raise refusal
            engine = alula.Engine.from_bytes(data)
        except AlulaError as error:
            self._report(error, "deserialize_cuda_engine")
            return None
        return ICudaEngine(engine, self._logger, getattr(serialized_engine, "_source", None))

    def get_plugin_registry(self):
        return get_plugin_registry()

    def load_runtime(self, path):
        self._report(alula.UnsupportedError(f"load_runtime '{path}': there is one runtime, this one"))
        return None


def _read_all(reader):
    """Everything an IStreamReader gives."""
    parts = []
    while True:
        part = reader.read(1 << 24)
        if not part:
            return b"".join(parts)
        parts.append(bytes(part))
