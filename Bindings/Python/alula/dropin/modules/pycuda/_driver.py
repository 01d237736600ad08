# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's compiled half, where its errors are named: the same as :mod:`pycuda.driver`."""

from pycuda.driver import *  # noqa: F403  an alias
from pycuda.driver import Error, LaunchError, LogicError, MemoryError, RuntimeError  # noqa: A004  PyCUDA's names
