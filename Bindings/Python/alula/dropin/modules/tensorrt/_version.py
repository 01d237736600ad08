# SPDX-License-Identifier: Apache-2.0
"""Which TensorRT the package stands in for: ``ALULA_TENSORRT_VERSION``, or ``install(tensorrt_version=…)``."""

import os

__version__ = os.environ.get("ALULA_TENSORRT_VERSION") or "8.6.1"

try:
    MAJOR, MINOR = (int(part) for part in __version__.split(".")[:2])
except ValueError:
    raise ImportError(f"ALULA_TENSORRT_VERSION: got '{__version__}', expected a version such as 8.6.1") from None

#: Version 10 has explicit batches only, addresses tensors by name, and lacks what came before.
IS_10 = MAJOR >= 10
