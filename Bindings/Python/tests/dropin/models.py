# SPDX-License-Identifier: Apache-2.0
"""Models made in memory, what ONNX Runtime gives for them, and plans of them. Importing it installs the stand-ins."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import alula.dropin

alula.dropin.install()

import tensorrt as trt  # noqa: E402  importable from here on


class RecordingLogger(trt.ILogger):
    """Keeps what is logged."""

    def __init__(self):
        trt.ILogger.__init__(self)
        self.messages = []

    def log(self, severity, msg):
        self.messages.append((severity, msg))

    def errors(self):
        """The texts of errors since the last call."""
        texts = [text for severity, text in self.messages if severity <= trt.Logger.ERROR]
        self.messages.clear()
        return texts

    def warnings(self):
        return [text for severity, text in self.messages if severity == trt.Logger.WARNING]


def convolution_model(batch=1, channels=3, size=12, maps=5, seed=0):
    """`relu(conv(x))` and its mean over the image; ``batch`` may be a name."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((maps, channels, 3, 3)).astype(np.float32)
    bias = rng.standard_normal(maps).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "weight", "bias"], ["convolved"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["convolved"], ["maps"], name="relu"),
        helper.make_node("GlobalAveragePool", ["maps"], ["mean"], name="mean"),
    ]
    graph = helper.make_graph(
        nodes, "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, channels, size, size])],
        [
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, [batch, maps, size, size]),
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, [batch, maps, 1, 1]),
        ],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def expected(model, feeds):
    """What ONNX Runtime gives."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def build(model, logger, *, explicit=True, max_batch_size=1, profiles=(), flags=()):
    """A plan of a model."""
    builder = trt.Builder(logger)
    network = builder.create_network(1 if explicit else 0)
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(model), [str(parser.get_error(index)) for index in range(parser.num_errors)]
    config = builder.create_builder_config()
    config.builder_optimization_level = 0
    for flag in flags:
        config.set_flag(flag)
    for ranges in profiles:
        profile = builder.create_optimization_profile()
        for name, shapes in ranges.items():
            profile.set_shape(name, *shapes)
        config.add_optimization_profile(profile)
    if not explicit:
        builder.max_batch_size = max_batch_size
    plan = builder.build_serialized_network(network, config)
    assert plan is not None, logger.messages[-3:]
    return plan
