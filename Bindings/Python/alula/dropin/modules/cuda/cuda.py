# SPDX-License-Identifier: Apache-2.0
"""The name of :mod:`cuda.bindings.driver` before version 12.6 of cuda-python."""

from cuda.bindings.driver import *  # noqa: F403  an alias
