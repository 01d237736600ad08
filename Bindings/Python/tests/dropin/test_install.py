# SPDX-License-Identifier: Apache-2.0
"""Installing: what becomes importable, what is never taken the place of, and the command line."""

import os
import pathlib
import subprocess
import sys

import pytest

import alula.dropin

PACKAGE = str(pathlib.Path(alula.dropin.__file__).parents[2])


def python(*arguments, paths=(), cwd=None, **environment):
    """Runs Python as somebody would who has the package, and nothing installed by this process."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ALULA_TENSORRT_VERSION")}
    kept["PYTHONPATH"] = os.pathsep.join([*map(str, paths), PACKAGE])
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=kept | environment, check=False
    )


@pytest.fixture
def real(tmp_path):
    """A folder with something else that is called tensorrt, and a cuda of its own."""
    folder = tmp_path / "installed"
    (folder / "tensorrt").mkdir(parents=True)
    (folder / "tensorrt" / "__init__.py").write_text("__version__ = '10.0.1'\nis_real = True\n")
    (folder / "cuda" / "core").mkdir(parents=True)
    (folder / "cuda" / "core" / "__init__.py").write_text("is_real = True\n")
    return folder


def test_nothing_is_importable_without_being_asked_for():
    done = python("-c", "import alula\ntry:\n    import tensorrt\nexcept ImportError:\n    print('absent')")
    assert done.stdout == "absent\n", done.stderr


def test_installing_twice_is_fine():
    done = python("-c", "import alula.dropin as d; d.install(); d.install(); import tensorrt, pycuda.driver; print(tensorrt.__version__)")
    assert done.stdout == "8.6.1\n", done.stderr


def test_an_installed_tensorrt_is_not_shadowed(real):
    code = "import alula.dropin\ntry:\n    alula.dropin.install()\nexcept alula.dropin.ShadowError as e:\n    print(e)\nimport tensorrt; print(tensorrt.is_real)"
    done = python("-c", code, paths=[real])
    assert str(real) in done.stdout and "--shadow" in done.stdout and done.stdout.endswith("True\n"), done.stderr
    script = real / "script.py"
    script.write_text("print('ran')")
    done = python("-m", "alula.dropin", str(script), paths=[real])
    assert done.returncode == 1 and "ran" not in done.stdout and "--shadow" in done.stderr


def test_an_installed_tensorrt_is_shadowed_when_asked_to(real):
    script = real.parent / "script.py"
    script.write_text("import tensorrt, cuda.core\nprint(hasattr(tensorrt, 'is_real'), cuda.core.is_real, tensorrt.__version__)")
    done = python("-m", "alula.dropin", "--shadow", str(script), paths=[real])
    assert done.stdout == "False True 8.6.1\n", done.stderr


def test_a_tensorrt_that_was_imported_before_is_named(real):
    done = python("-c", "import tensorrt, alula.dropin; alula.dropin.install(shadow=True)", paths=[real])
    assert done.returncode != 0 and "imported before" in done.stderr and str(real) in done.stderr


def test_a_script_runs_as_if_given_to_python(tmp_path):
    (tmp_path / "helper.py").write_text("value = 7\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, helper, tensorrt as trt\n"
        "assert __name__ == '__main__' and sys.path[0] == sys.argv[1] and __file__ == sys.argv[0]\n"
        "print(sys.argv[2:], helper.value, trt.__version__)\nsys.exit(3)\n"
    )
    done = python("-m", "alula.dropin", "--tensorrt-version", "10.3.0", str(script), str(tmp_path), "--shadow", "-m", "x")
    assert (done.returncode, done.stdout) == (3, "['--shadow', '-m', 'x'] 7 10.3.0\n"), done.stderr


def test_a_module_runs_as_if_given_to_python(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "__main__.py").write_text("import sys, pycuda.autoinit\nprint(__name__, sys.argv[1:])\n")
    done = python("-m", "alula.dropin", "-m", "package", "run", "--trt", cwd=tmp_path)
    assert done.stdout == "__main__ ['run', '--trt']\n", done.stderr


def test_processes_that_a_script_starts_have_the_modules_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, subprocess, sys\n"
        "def version(_):\n    import tensorrt\n    return tensorrt.__version__\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n        print(pool.map(version, [1, 2]))\n"
        "    print(subprocess.run([sys.executable, '-c', 'import tensorrt; print(tensorrt.__version__)'],"
        " capture_output=True, text=True).stdout)\n"
    )
    done = python("-m", "alula.dropin", str(script))
    assert "['8.6.1', '8.6.1']" in done.stdout and done.stdout.rstrip().endswith("8.6.1"), done.stdout + done.stderr


@pytest.mark.parametrize("arguments,text", [
    ((), "got no script"), (("missing.py",), "cannot read script 'missing.py'"), (("--report",), "got no script"),
])
def test_wrong_use_is_named(arguments, text):
    done = python("-m", "alula.dropin", *arguments)
    assert done.returncode == 2 and text in done.stderr


def test_a_version_that_is_none_is_named(tmp_path):
    done = python("-c", "import alula.dropin; alula.dropin.install(tensorrt_version='ten'); import tensorrt")
    assert "got 'ten'" in done.stderr


def test_the_members_are_printed():
    done = python("-m", "alula.dropin", "--members")
    assert done.returncode == 0 and "`execute_async_v2`" in done.stdout


@pytest.mark.skipif(alula.dropin.runtime_library() is None, reason="libcudart.so was not built")
def test_libcudart_is_found_by_name_and_by_path():
    code = (
        "import alula.dropin; alula.dropin.install()\n"
        "import ctypes, os, glob\n"
        "library, other = ctypes.CDLL('libcudart.so'), ctypes.CDLL('libcudart.so.12')\n"
        "found = [g for folder in os.environ['LD_LIBRARY_PATH'].split(':') for g in glob.glob(folder + '/libcudart.so*')]\n"
        "pointer = ctypes.c_void_p()\n"
        "assert library.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(64)) == 0 and pointer.value\n"
        "assert library.cudaFree(pointer) == 0 and library.cudaFree(pointer) != 0\n"
        "print(len(found) > 0)\n"
    )
    done = python("-c", code)
    assert done.stdout == "True\n", done.stderr
