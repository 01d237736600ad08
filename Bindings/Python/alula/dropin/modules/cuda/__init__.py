# SPDX-License-Identifier: Apache-2.0
"""cuda-python's interface over Alula: the CPU is the device. Other parts of an installed ``cuda`` stay importable."""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
