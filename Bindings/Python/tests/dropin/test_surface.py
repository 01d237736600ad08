# SPDX-License-Identifier: Apache-2.0
"""The list of members says what is there: complete, true, and the same as the chapter's table."""

import importlib
import inspect
import pathlib
import subprocess
import sys

import pytest
import tensorrt as trt
from alula.dropin import report, surface
from models import RecordingLogger, build, convolution_model

ROOT = pathlib.Path(__file__).parents[4]
CHAPTER = ROOT / "Sources/Alula/Alula.docc/15-ForTensorRTUsers.md"
MODULES = sorted({group.module for group in surface.groups()})


def instances():
    """An object of each class that scripts get from calls; attributes set when made show on them only."""
    logger = RecordingLogger()
    builder = trt.Builder(logger)
    network = builder.create_network(1)
    x = network.add_input("x", trt.float32, (1, 3, 8, 8))
    engine = trt.Runtime(logger).deserialize_cuda_engine(build(convolution_model(), logger))
    made = [
        builder, builder.create_builder_config(), builder.create_optimization_profile(), network, x, logger, engine,
        engine.create_execution_context(), engine.create_engine_inspector(), engine.create_serialization_config(),
        trt.Runtime(logger), trt.Refitter(engine, logger), trt.OnnxParser(network, logger), trt.get_plugin_registry(),
        trt.Logger(), trt.Weights(), network.add_identity(x),
    ]
    return {type(instance).__name__: instance for instance in made} | {"ILayer": made[-1]}


@pytest.mark.parametrize("module", MODULES)
def test_members_that_are_supported_or_without_effect_exist(module):
    loaded = importlib.import_module(module)
    objects = instances() if module == "tensorrt" else {}
    if module == "pycuda.gpuarray":
        objects["GPUArray"] = loaded.empty(4)
    missing = []
    for member in surface.all_members():
        if member.module != module or member.status == surface.REFUSED:
            continue
        owner = loaded if not member.owner else objects.get(member.owner, getattr(loaded, member.owner, None))
        if not hasattr(owner, member.name) and not _is_submodule(member):
            missing.append(member.path)
    assert not missing


def _is_submodule(member):
    try:
        importlib.import_module(f"{member.module}.{member.name}")
        return True
    except ImportError:
        return False


def test_refused_names_of_the_module_say_why():
    for member in surface.all_members():
        if member.module == "tensorrt" and not member.owner and member.status == surface.REFUSED:
            if member.name in ("bfloat16", "fp8", "int4", "fp4", "plugin"):
                continue  # the values exist so that scripts can compare with them
            with pytest.raises(AttributeError, match="not supported by Alula"):
                getattr(trt, member.name)


def test_every_public_member_is_in_the_list():
    objects = instances()
    unlisted = []
    for name, value in vars(trt).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if surface.find("tensorrt", name) is None:
            unlisted.append(name)
        if not isinstance(value, type) or issubclass(value, (trt.DataType.__base__, trt.Dims, list)):
            continue
        if name.startswith(("IPlugin", "Plugin", "IInt8", "IAlgorithm")) or value is trt.IHostMemory:
            continue
        shared = set() if value is trt.ILayer or not issubclass(value, trt.ILayer) else set(dir(trt.ILayer))
        for member in dir(objects.get(name, value)):
            if member.startswith("_") or member in shared or member == "destroy":
                continue
            known = [cls.__name__ for cls in value.__mro__]
            if not any(surface.find("tensorrt", f"{cls}.{member}") for cls in [name, *known]):
                unlisted.append(f"{name}.{member}")
    assert not unlisted


def test_no_member_is_listed_twice():
    paths = [(member.module, member.path) for member in surface.all_members()]
    assert sorted(set(paths)) == sorted(paths)


def test_everything_without_effect_or_refused_has_a_reason():
    assert [group.names for group in surface.groups() if group.status != surface.SUPPORTED and not group.note] == []


@pytest.mark.skipif(not CHAPTER.exists(), reason="the chapter is in the repository, not in the wheel")
def test_the_chapter_has_the_table():
    text = CHAPTER.read_text(encoding="utf-8")
    assert surface.table().strip() in text, "run Tools/regenerate-tensorrt-table.sh"


# The report

SCRIPT = '''
import tensorrt as trt
import pycuda.driver as cuda
import pycuda.autoinit
from cuda import cudart
from pycuda.compiler import SourceModule

logger = trt.Logger(trt.Logger.WARNING)
network = trt.Builder(logger).create_network(1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH))
network.add_loop()
context = make()
context.execute_async_v2(bindings=[], stream_handle=cuda.Stream().handle)
context.set_aux_streams([])
trt.no_such_thing
cudart.cudaMallocHost(4)
'''


def test_the_report_tells_what_a_script_uses():
    uses = {use.name: use for use in report.uses_of(SCRIPT)}
    assert uses["tensorrt.Logger"].status == uses["tensorrt.Logger.WARNING"].status == "supported"
    assert uses["tensorrt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH"].status == "supported"
    assert uses["IExecutionContext.execute_async_v2"].line == 12
    assert uses["IExecutionContext.set_aux_streams"].status == "no effect"
    assert uses["INetworkDefinition.add_loop"].status == "refused" and "unroll" in uses["INetworkDefinition.add_loop"].note
    assert uses["tensorrt.no_such_thing"].status == "unknown"
    assert uses["cuda.bindings.runtime.cudaMallocHost"].status == "supported"
    assert uses["pycuda.driver.Stream"].status == "supported"
    assert uses["pycuda.compiler.SourceModule"].status == "refused"


def test_the_report_on_the_command_line(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "--report", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "add_loop" in done.stdout and "2 refused" in done.stdout, done.stdout + done.stderr
    path.write_text("import os\nos.getcwd()\n")
    done = subprocess.run(
        [sys.executable, "-m", "alula.dropin", "--report", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "neither" in done.stdout
