# SPDX-License-Identifier: Apache-2.0
"""The name of :mod:`cuda.bindings.runtime` before version 12.6 of cuda-python."""

from cuda.bindings.runtime import *  # noqa: F403  an alias
