# SPDX-License-Identifier: Apache-2.0
"""As :mod:`pycuda.autoinit`, with the device's primary context; there is no difference here."""

from pycuda.autoinit import context, device
