# SPDX-License-Identifier: Apache-2.0
"""The functions of CUDA's runtime and driver; each returns a tuple that begins with an error code."""

__version__ = "12.9.0"
