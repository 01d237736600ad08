# SPDX-License-Identifier: Apache-2.0
"""``python -m alula.dropin``: runs a script written for TensorRT on the CPU, or reports what it uses."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import runpy
import sys

from . import ShadowError, install

_USAGE = """python -m alula.dropin [options] script.py [arguments…]
       python -m alula.dropin [options] -m module [arguments…]
       python -m alula.dropin --report script.py [more.py…]
       python -m alula.dropin --members"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m alula.dropin", usage=_USAGE, description="Runs scripts written for TensorRT and CUDA on the CPU."
    )
    parser.add_argument("--report", action="store_true", help="print which members a script uses, and what they do here")
    parser.add_argument("--members", action="store_true", help="print every member of TensorRT's and what it does here")
    parser.add_argument(
        "--tensorrt-version", metavar="V", help="the version to stand in for, such as 10.9.0 (default: 8.6.1)"
    )
    parser.add_argument("--shadow", action="store_true", help="take the place of an installed TensorRT")
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module instead, or the command of a package")
    parser.add_argument("script", nargs=argparse.REMAINDER, help="the script and its arguments")
    return parser


def _command(name: str):
    """What the command of an installed package calls, where the package itself cannot be run; Polygraphy is one."""
    try:
        package = importlib.util.find_spec(name)
        if package is None or package.submodule_search_locations is None:
            return None
        if importlib.util.find_spec(f"{name}.__main__") is not None:
            return None
    except ImportError:
        return None
    for command in importlib.metadata.entry_points(group="console_scripts", name=name):
        return command.load()
    return None


def _run(arguments, parser) -> None:
    """Runs a script or module as if it had been given to Python itself."""
    if arguments.module:
        name, *rest = arguments.module
        sys.argv = [name, *rest]
        sys.path[0:0] = [os.getcwd()]
        command = _command(name)
        if command is not None:
            sys.exit(command())
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return
    if not arguments.script:
        parser.error("got no script, expected one, or -m and a module")
    path = arguments.script[0]
    if not os.path.exists(path):
        parser.error(f"cannot read script '{path}'")
    sys.argv = list(arguments.script)
    sys.path[0:0] = [os.path.dirname(os.path.abspath(path))]
    runpy.run_path(path, run_name="__main__")


def main() -> int:
    """Runs the command line and gives the exit status."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.report or arguments.members:
        from . import report

        if arguments.members:
            print(report.members())
            return 0
        if not arguments.script:
            parser.error("--report: got no script, expected one")
        return report.print_report(arguments.script)
    try:
        install(tensorrt_version=arguments.tensorrt_version, shadow=arguments.shadow)
    except ShadowError as error:
        print(f"alula.dropin: {error}", file=sys.stderr)
        return 1
    if sys.path and sys.path[0] in ("", os.getcwd()) and arguments.module is None:
        del sys.path[0]
    _run(arguments, parser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
