# SPDX-License-Identifier: Apache-2.0
"""Networks made by hand, and what the builder tells."""

import numpy as np
import pytest

import alula


def test_the_builder_reports_its_progress(small):
    phases = []
    builder = alula.Builder(timing=False, progress=lambda phase, done, total: phases.append((phase, done, total)))
    builder.build(small.network())
    assert phases and all(0 <= done <= total for _, done, total in phases)
    assert "product0" in builder.report


def test_builds_can_be_stopped(small):
    with pytest.raises(alula.CancelledError):
        alula.Builder(timing=False, progress=lambda *_: False).build(small.network())

    def fail(*_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        alula.Builder(timing=False, progress=fail).build(small.network())


def test_the_same_cache_gives_the_same_plan(small):
    first = alula.Builder(threads=1)
    plan = first.build(small.network()).to_bytes()
    assert first.timing_cache
    again = alula.Builder(threads=1, timing_cache=first.timing_cache)
    assert again.build(small.network()).to_bytes() == plan
    with pytest.raises(alula.AlulaError):
        alula.Builder(timing_cache=b"not a cache")


def test_a_builder_that_built_nothing_has_no_report():
    with pytest.raises(alula.InvalidStateError, match="nothing was built"):
        _ = alula.Builder().report


def test_profiles_that_make_no_sense_are_named():
    with pytest.raises(alula.InvalidArgumentError):
        alula.Builder(profiles={"x": ((1,), (2,), (-3,))})


def test_networks_are_read_back(small):
    network = small.network()
    assert len(network) == 4
    assert [network.value(number).name for number in network.inputs + network.outputs] == ["x", "y"]
    node = network[0]
    assert node.operator == "MatMul" and node.name == "product0"
    x, weights = node.inputs
    assert network.value(x).is_input and network.value(weights).is_constant
    np.testing.assert_array_equal(network.constant(weights), small.weights[0])
    value = network.value(node.outputs[0])
    assert value.producer == 0 and value.shape == (4, small.width) and value.dtype == np.float32
    assert network[-1].outputs == network.outputs
    with pytest.raises(IndexError):
        network[4]
    assert "Conv" in alula.supported_operators()


def test_networks_are_changed():
    network = alula.Network("changed")
    x = network.add_input("x", np.float32, (2, 6))
    low, high = network.add("Split", x, name="split", outputs=2, axis=1, num_outputs=2)
    total = network.add("Concat", high, low, name="swapped", axis=1)
    clipped = network.add("Clip", total, None, network.add_constant(np.float32(3)), name="clipped")
    network.mark_output(clipped)
    copy = network.copy()
    network.unmark_output(clipped)
    network.mark_output(total)
    x = np.arange(12, dtype=np.float32).reshape(2, 6)
    builder = alula.Builder(timing=False)
    swapped = alula.Engine(builder.build(network)).run({"x": x})["swapped"]
    assert swapped.tolist() == [[3, 4, 5, 0, 1, 2], [9, 10, 11, 6, 7, 8]]
    assert alula.Engine(builder.build(copy)).run({"x": x})["clipped"].max() == 3


@pytest.mark.parametrize(
    "change, text",
    [
        (lambda n, x: n.add("NoSuchOperator", x, name="n"), "NoSuchOperator"),
        (lambda n, x: n.mark_output(99), "no such value.*99"),
        (lambda n, x: n.add("Relu", 99, name="n"), "no such value.*99"),
        (lambda n, x: n.add_input("y", np.complex64, (1,)), "complex64"),
        (lambda n, x: n.add("Relu", x, name="n", wrong={}), "attribute|wrong"),
        (lambda n, x: n.add_input("y", np.float32, (1,) * 17), "rank"),
    ],
)
def test_wrong_networks_are_named(change, text):
    network = alula.Network()
    x = network.add_input("x", np.float32, (2, 6))
    with pytest.raises(alula.AlulaError, match=text):
        change(network, x)


def test_networks_without_outputs_are_refused():
    network = alula.Network()
    network.add_input("x", np.float32, (2,))
    with pytest.raises(alula.AlulaError):
        alula.Builder(timing=False).build(network)
