# SPDX-License-Identifier: Apache-2.0
"""TensorRT and CUDA scripts on a CPU, unchanged.

``python -m alula.dropin script.py args…`` runs a script, ``python -m alula.dropin -m module args…`` a module; in a
program of your own::

    import alula.dropin

    alula.dropin.install()
    import tensorrt, pycuda.autoinit      # Alula's, from here on

Provided are ``tensorrt``, ``pycuda``, ``cuda.bindings`` with its older names, and a ``libcudart.so`` for those who load it
themselves. They become importable when asked for, and never take the place of an installed TensorRT unless told to.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pathlib
import re
import sys

from alula._library import library_path

#: Where the stand-ins are; a folder that is on ``sys.path`` after :func:`install`.
MODULES = str(pathlib.Path(__file__).parent / "modules")

_PROVIDED = ("tensorrt", "pycuda", "cuda")
_RUNTIME_NAME = re.compile(r"libcudart\.so(\.[0-9.]+)?")


class ShadowError(ImportError):
    """A real TensorRT is installed, and nobody said that Alula shall take its place."""


def install(*, tensorrt_version: str | None = None, shadow: bool = False) -> None:
    """Makes ``tensorrt``, ``pycuda`` and ``cuda`` importable. Calling it again is fine.

    :param tensorrt_version: the version to stand in for, 8.6.1 by default; 10.x has explicit batches and names only.
    :param shadow: takes the place of an installed TensorRT. Without, :class:`ShadowError` is raised when there is one.
    """
    _choose_version(tensorrt_version)
    if MODULES in sys.path:
        return
    for name in _PROVIDED:
        if name in sys.modules and not _is_ours(sys.modules[name]):
            if name == "tensorrt" or not shadow:
                raise ShadowError(
                    f"'{name}' was imported before, from {_origin(sys.modules[name].__spec__)}: install Alula's stand-in first"
                )
    real = _find("tensorrt")
    if real is not None and not shadow:
        raise ShadowError(
            f"TensorRT is installed, in {_origin(real)}: run the script without Alula to use it, or say that Alula shall take "
            "its place with 'python -m alula.dropin --shadow' or install(shadow=True)"
        )
    sys.path.insert(0, MODULES)
    importlib.invalidate_caches()
    _offer_to_children()
    _offer_runtime_library()


def _choose_version(version: str | None) -> None:
    if version is None:
        return
    loaded = sys.modules.get("tensorrt")
    if loaded is not None and loaded.__version__ != version:
        raise ImportError(f"tensorrt_version: got '{version}', but {loaded.__version__} was imported before")
    os.environ["ALULA_TENSORRT_VERSION"] = version


def _is_ours(module) -> bool:
    return str(getattr(module, "__file__", "") or "").startswith(MODULES)


def _find(name: str):
    """The spec of an installed module that is not ours."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return None if spec is None or (spec.origin or "").startswith(MODULES) or spec.origin is None else spec


def _origin(spec) -> str:
    return "an unknown place" if spec is None or spec.origin is None else os.path.dirname(spec.origin)


def _offer_to_children() -> None:
    """Lets Python processes that this one starts import the same modules."""
    package = str(pathlib.Path(__file__).parent.parent.parent)
    paths = [MODULES, package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


def runtime_library() -> str | None:
    """Where ``libcudart.so`` is: beside ``libalula.so``; None when it was not built."""
    path = pathlib.Path(library_path()).resolve().parent / "libcudart.so"
    return str(path) if path.exists() else None


def _offer_runtime_library() -> None:
    """Lets code find ``libcudart.so`` that searches the loader's path, or loads it by name through ctypes."""
    path = runtime_library()
    if path is None:
        return
    folders = [os.path.dirname(path), *filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))]
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(dict.fromkeys(folders))
    # The loader reads its path once, when a process starts: in this one, ctypes has to be told.
    load = ctypes._dlopen

    def load_ours(name, *arguments):
        return load(path if isinstance(name, str) and _RUNTIME_NAME.fullmatch(name) else name, *arguments)

    ctypes._dlopen = load_ours
