# SPDX-License-Identifier: Apache-2.0
"""PyCUDA's interface over Alula, for scripts written for PyCUDA: the CPU is the device. Not PyCUDA itself."""

#: The PyCUDA whose interface this is.
VERSION = (2024, 1, 2)
VERSION_STATUS = ""
VERSION_TEXT = ".".join(map(str, VERSION))
