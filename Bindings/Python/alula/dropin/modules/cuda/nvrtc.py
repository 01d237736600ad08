# SPDX-License-Identifier: Apache-2.0
"""CUDA's run-time compiler, which refuses: CUDA C does not run on a CPU."""


def __getattr__(name):
    if name.startswith("nvrtc"):
        raise NotImplementedError(f"{name}: CUDA C does not run on a CPU; put the operation into the network instead")
    raise AttributeError(name)
