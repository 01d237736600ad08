#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports networks a user would bring, with random weights.

Usage: export_models.py DIRECTORY [NAME...]               small networks with inputs and ONNX Runtime's outputs
       export_models.py --full-size DIRECTORY [NAME...]   the networks speed is measured on, as DIRECTORY/NAME.onnx

Small networks become folders in the layout of ONNX's backend cases, one a network and exporter, so that
`alula conformance DIRECTORY --range-tolerance 1e-4` compares them; full-size ones are what Tools/benchmark.py runs.
Batches of convolution networks vary; sequences have 128 tokens. Needs torch, timm, transformers, onnx, onnxscript and
onnxruntime; models of equal names are replaced.
"""
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

import networks
from networks import timm_model

MODELS = {
    "resnet18": lambda: timm_model("resnet18", 64),
    "resnet50": lambda: timm_model("resnet50", 64),
    "mobilenetv3": lambda: timm_model("mobilenetv3_small_100", 64),
    "efficientnet": lambda: timm_model("efficientnet_b0", 64),
    "convnext": lambda: timm_model("convnext_atto", 64),
    "vit": lambda: timm_model("vit_tiny_patch16_224", 64, img_size=64),
    "swin": lambda: timm_model("swin_tiny_patch4_window7_224", 56, img_size=56),
    "unet": lambda: (networks.UNet(), (torch.rand(1, 3, 64, 64),)),
    "yolo": lambda: (networks.YOLO(), (torch.rand(1, 3, 96, 64),)),
    "bert": lambda: networks.language_model("bert"),
    "gpt2": lambda: networks.language_model("gpt2"),
    "llama": lambda: networks.language_model("llama"),
}

FULL_SIZE_MODELS = {
    "resnet50": lambda: timm_model("resnet50", 224),
    "vgg16": lambda: (networks.VGG(), (torch.rand(1, 3, 224, 224),)),
    "unet512": lambda: (networks.UNet((64, 128, 256, 512, 1024)), (torch.rand(1, 3, 512, 512),)),
    "mobilenetv2": lambda: timm_model("mobilenetv2_100", 224),
    "efficientnet_b0": lambda: timm_model("efficientnet_b0", 224),
    "yolo640": lambda: (
        networks.YOLO((32, 64, 128, 256, 512), (1, 2, 2, 1), classes=80, bins=16), (torch.rand(1, 3, 640, 640),)),
    "bert_base": networks.bert_base,
    "vit_base": lambda: timm_model("vit_base_patch16_224", 224),
    "gpt2_block": networks.gpt2_block,
    "gpt2_small": networks.gpt2_small,
}


def make(table, name):
    torch.manual_seed(7)
    model, inputs = table[name]()
    networks.randomise(model)
    return model.eval(), inputs


def input_names(inputs):
    """A name for each input, by what it holds."""
    if len(inputs) == 2:
        return ["input_ids", "attention_mask"]
    if inputs[0].dtype == torch.int64:
        return ["input_ids"]
    return ["image" if inputs[0].ndim == 4 else "embeddings"]


def export(name, dynamo, folder):
    model, inputs = make(MODELS, name)
    folder.mkdir(parents=True)
    path = folder / "model.onnx"
    names = input_names(inputs)
    with torch.no_grad():
        if dynamo:
            torch.onnx.export(model, inputs, str(path), dynamo=True, opset_version=20, external_data=name == "bert")
        else:
            axes = {"input_ids": {0: "batch", 1: "length"}, "attention_mask": {0: "batch", 1: "length"}}
            axes = axes if len(inputs) == 2 else {"image": {0: "batch"}}
            torch.onnx.export(
                model, inputs, str(path), dynamo=False, opset_version=17, input_names=names, dynamic_axes=axes)
    record(path, [value.numpy() for value in inputs])


def record(path, arrays):
    """Writes inputs and ONNX Runtime's outputs beside the model."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {value.name: array for value, array in zip(session.get_inputs(), arrays)}
    outputs = session.run(None, feeds)
    data = path.parent / "test_data_set_0"
    data.mkdir()
    for kind, values in (("input", list(feeds.values())), ("output", outputs)):
        for index, value in enumerate(values):
            tensor = numpy_helper.from_array(np.ascontiguousarray(value))
            (data / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())


def export_full_size(name, path):
    """Convolution networks through the legacy exporter, with an open batch; transformers through the new one."""
    model, inputs = make(FULL_SIZE_MODELS, name)
    names = input_names(inputs)
    with torch.no_grad():
        if names == ["image"] and name != "vit_base":
            torch.onnx.export(
                model, inputs, str(path), dynamo=False, opset_version=17, input_names=names,
                dynamic_axes={"image": {0: "batch"}})
        else:
            torch.onnx.export(
                model, inputs, str(path), dynamo=True, opset_version=20, input_names=names, external_data=False)


def attempt(label, path, action):
    """Runs one export; a failure is no reason to give up the others."""
    try:
        action()
    except Exception as error:
        print(f"{label}: not exported: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
        return False
    model = onnx.load(path, load_external_data=False)
    operators = sorted({node.op_type for node in model.graph.node})
    print(f"{label}: {len(model.graph.node)} nodes, {len(model.functions)} functions: {operators}", flush=True)
    return True


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--full-size"]
    is_full_size = len(arguments) < len(sys.argv) - 1
    if not arguments:
        sys.exit(__doc__)
    directory = pathlib.Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    library = networks.define_torchvision_operators()  # kept alive while models are made
    is_complete = True
    for name in arguments[1:] or list(FULL_SIZE_MODELS if is_full_size else MODELS):
        if is_full_size:
            path = directory / f"{name}.onnx"
            is_complete &= attempt(name, path, lambda: export_full_size(name, path))
            continue
        for exporter in ("legacy", "dynamo"):
            folder = directory / f"{name}_{exporter}"
            shutil.rmtree(folder, ignore_errors=True)
            if not attempt(folder.name, folder / "model.onnx", lambda: export(name, exporter == "dynamo", folder)):
                is_complete = False
                shutil.rmtree(folder, ignore_errors=True)
    del library
    return is_complete


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
