# SPDX-License-Identifier: Apache-2.0
"""Engines on arrays: building, running, saving, and every way of giving them the wrong thing."""

import gc
import weakref

import numpy as np
import pytest

import alula


@pytest.fixture(scope="module")
def onnx_path(tmp_path_factory):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Relu", ["sum"], ["y"])],
        "addition",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", 3]) for name in "ab"],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", 3])],
    )
    path = tmp_path_factory.mktemp("models") / "addition.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_runs_an_onnx_file(onnx_path):
    engine = alula.Engine.from_onnx(onnx_path, profiles={name: ((1, 3), (2, 3), (8, 3)) for name in "ab"})
    a, b = np.float32([[1, -2, 3]]), np.float32([[1, 1, -5]])
    assert engine.run({"a": a, "b": b})["y"].tolist() == [[2, 0, 0]]
    rows = np.tile(a, (8, 1))
    assert engine.run({"a": rows, "b": np.tile(b, (8, 1))})["y"].shape == (8, 3)


def test_runs_onnx_bytes(onnx_path):
    engine = alula.Engine.from_onnx(onnx_path.read_bytes(), profiles={name: ((1, 3), (2, 3), (8, 3)) for name in "ab"})
    assert [binding.name for binding in engine.inputs] == ["a", "b"]


def test_missing_and_broken_models_are_named(tmp_path):
    with pytest.raises(alula.InvalidArgumentError, match="nowhere.onnx"):
        alula.Engine.from_onnx(tmp_path / "nowhere.onnx")
    with pytest.raises(alula.AlulaError):
        alula.Engine.from_onnx(b"this is not a model")


def test_run_computes_what_numpy_computes(small, small_engine):
    x = small.input()
    y = small_engine.run({"x": x})["y"]
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, small.expected(x), rtol=1e-5, atol=1e-6)


def test_strided_inputs_are_copied_first(small, small_engine):
    x = np.asfortranarray(small.input())
    assert not x.flags.c_contiguous
    np.testing.assert_array_equal(small_engine.run({"x": x})["y"], small_engine.run({"x": x.copy("C")})["y"])


def test_zero_copy_gives_the_same_numbers(slow, slow_engine):
    x = slow.input(64)
    copied = slow_engine.run({"x": x})["y"]
    for _ in range(3):
        in_place = slow_engine.run({"x": x}, zero_copy=True)["y"]
        np.testing.assert_array_equal(in_place, copied)
    assert in_place.ctypes.data % 64 == 0
    x += 1  # the array is the caller's again
    assert not np.array_equal(slow_engine.run({"x": x}, zero_copy=True)["y"], copied)


def test_zero_copy_falls_back_where_it_cannot_be(small, small_engine):
    raw = np.zeros(small.width * 4 * 4 + 1, np.uint8)
    x = raw[1:].view(np.float32).reshape(4, small.width)
    assert not x.flags.aligned
    x[:] = small.input()
    np.testing.assert_array_equal(
        small_engine.run({"x": x}, zero_copy=True)["y"], small_engine.run({"x": small.input()})["y"]
    )


@pytest.mark.parametrize(
    "inputs, text",
    [
        ({}, "'x' is missing"),
        ({"x": np.zeros((4, 16), np.float64)}, "float64.*expected float32"),
        ({"x": np.zeros((4, 15), np.float32)}, r"shape \(4, 15\), expected \(4, 16\)"),
        ({"x": np.zeros((4,), np.float32)}, "shape"),
        ({"x": np.zeros((4, 16), np.float32), "z": np.zeros(1)}, "no such input: got 'z'"),
        ({"x": "text"}, "expected float32"),
    ],
)
def test_wrong_inputs_are_named(small_engine, inputs, text):
    with pytest.raises(alula.InvalidArgumentError, match=text):
        small_engine.run(inputs)


def test_wrong_inputs_leave_the_engine_usable(small, small_engine):
    with pytest.raises(ValueError):
        small_engine.run({"x": np.zeros((3, 3), np.float32)})
    assert small_engine.run({"x": small.input()})["y"].shape == (4, small.width)


def test_shapes_follow_the_inputs(small):
    model = type(small)(16, 2, rows="N")
    engine = model.engine(profiles={"x": ((1, 16), (4, 16), (9, 16))})
    assert engine.inputs[0].shape == (-1, 16)
    assert engine.profile_shapes("x") == ((1, 16), (4, 16), (9, 16))
    for rows in (1, 9, 4, 1):
        x = model.input(rows)
        np.testing.assert_allclose(engine.run({"x": x})["y"], model.expected(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(alula.InvalidArgumentError):
        engine.run({"x": model.input(10)})


def test_implicit_batches():
    network = alula.Network("batched")
    x = network.add_input("x", np.float32, (-1, 3))
    y = network.add("Relu", x, name="y")
    network.mark_output(y)
    engine = alula.Engine(alula.Builder(timing=False, max_batch_size=4).build(network))
    assert engine.max_batch_size == 4 and engine.inputs[0].shape == (3,)
    for batch in (1, 4):
        x = np.full((batch, 3), -1, np.float32)
        assert engine.run({"x": x})["y"].tolist() == [[0, 0, 0]] * batch
    with pytest.raises(alula.InvalidArgumentError, match="4"):
        engine.run({"x": np.zeros((5, 3), np.float32)})
    with pytest.raises(alula.InvalidArgumentError, match="batch"):
        engine.run({"x": np.zeros((2, 3), np.float32)}, batch_size=3)


def test_plans_travel_through_files_and_bytes(small, small_engine, tmp_path):
    x = small.input()
    expected = small_engine.run({"x": x})["y"]
    path = tmp_path / "small.plan"
    small_engine.save(path)
    for engine in (alula.Engine.load(path), alula.Engine.from_bytes(small_engine.to_bytes())):
        np.testing.assert_array_equal(engine.run({"x": x})["y"], expected)
    assert path.read_bytes() == small_engine.to_bytes()


def test_damaged_plans_are_refused(small_engine):
    data = bytearray(small_engine.to_bytes())
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(alula.AlulaError):
        alula.Engine.from_bytes(data)
    with pytest.raises(alula.AlulaError):
        alula.Engine.from_bytes(b"")
    with pytest.raises(alula.AlulaError, match="nowhere"):
        alula.Engine.load("/nowhere/at/all.plan")


def test_engines_tell_what_they_are(small_engine):
    assert small_engine.name == "chain"
    assert [(item.name, item.is_input, item.shape) for item in small_engine.bindings] == [
        ("x", True, (4, 16)), ("y", False, (4, 16))
    ]
    description = small_engine.describe()
    assert len(description["Layers"]) == small_engine.layer_count
    assert description["Bindings"] == ["x", "y"]
    assert small_engine.workspace_byte_count() >= 0
    with pytest.raises(alula.InvalidArgumentError, match="'q'.*'x', 'y'"):
        small_engine.binding("q")


def test_an_engine_goes_without_the_collector_of_cycles(small):
    engine = small.engine()
    engine.run({"x": small.input()})
    watch = weakref.ref(engine)
    gc.disable()
    try:
        del engine
        assert watch() is None
    finally:
        gc.enable()


def test_a_closed_engine_is_named(small):
    engine = small.engine()
    context = engine.make_context()
    engine.close()
    engine.close()
    with pytest.raises(alula.InvalidArgumentError, match="stale handle.*engine"):
        engine.make_context()
    assert context.run({"x": small.input()})["y"].shape == (4, small.width)
