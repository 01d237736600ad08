# SPDX-License-Identifier: Apache-2.0
"""Importing it makes a context current in this thread, as PyCUDA's does."""

import atexit

import pycuda.driver as _driver

_driver.init()
device = _driver.Device(0)
context = device.make_context()


def _finish_up():
    context.detach()


atexit.register(_finish_up)
