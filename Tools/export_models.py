#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports networks a user would bring, with random weights: export_models.py DIRECTORY [NAME...].

Each becomes a folder in the layout of ONNX's backend cases, with inputs and the outputs of ONNX Runtime, so that
`alula conformance DIRECTORY --range-tolerance 1e-4` compares them. Needs torch, timm, transformers, onnx, onnxscript
and onnxruntime; models of equal names are replaced.
"""
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn


def define_torchvision_operators():
    """timm and transformers import torchvision, whose compiled operators may be absent."""
    try:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    except RuntimeError:
        return None


class ConvBlock(nn.Sequential):
    def __init__(self, ic, oc, kernel=3, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(ic, oc, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(oc), nn.SiLU()
        )


class UNet(nn.Module):
    """Four levels, transposed convolutions up, skip connections."""

    def __init__(self, channels=(16, 32, 64, 128)):
        super().__init__()
        double = lambda ic, oc: nn.Sequential(
            nn.Conv2d(ic, oc, 3, padding=1), nn.BatchNorm2d(oc), nn.ReLU(),
            nn.Conv2d(oc, oc, 3, padding=1), nn.BatchNorm2d(oc), nn.ReLU())
        self.down = nn.ModuleList(double(ic, oc) for ic, oc in zip((3,) + channels, channels))
        self.up = nn.ModuleList(nn.ConvTranspose2d(oc, ic, 2, 2) for ic, oc in zip(channels, channels[1:]))
        self.join = nn.ModuleList(double(2 * ic, ic) for ic in channels[:-1])
        self.head = nn.Conv2d(channels[0], 2, 1)

    def forward(self, x):
        skips = []
        for index, block in enumerate(self.down):
            x = block(x if index == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        for index in reversed(range(len(self.up))):
            x = self.join[index](torch.cat([skips[index], self.up[index](x)], 1))
        return self.head(x)


class CrossStage(nn.Module):
    """The split, bottleneck and concatenation of YOLOv5 to v8."""

    def __init__(self, channels, count=2):
        super().__init__()
        self.enter = ConvBlock(channels, channels, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(ConvBlock(channels // 2, channels // 2), ConvBlock(channels // 2, channels // 2))
            for _ in range(count))
        self.leave = ConvBlock(channels // 2 * (count + 2), channels, 1)

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(parts[-1] + block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class YOLO(nn.Module):
    """Backbone, pooling pyramid, one upsampled neck level, and decoded boxes and scores of two scales."""

    def __init__(self, classes=10):
        super().__init__()
        self.classes = classes
        self.stem = nn.Sequential(ConvBlock(3, 16, stride=2), ConvBlock(16, 32, stride=2), CrossStage(32))
        self.middle = nn.Sequential(ConvBlock(32, 64, stride=2), CrossStage(64))
        self.deep = nn.Sequential(ConvBlock(64, 128, stride=2), CrossStage(128))
        self.pyramid = ConvBlock(512, 128, 1)
        self.neck = nn.Sequential(ConvBlock(192, 64, 1), CrossStage(64))
        self.heads = nn.ModuleList([nn.Conv2d(64, 4 + classes, 1), nn.Conv2d(128, 4 + classes, 1)])

    def forward(self, x):
        middle = self.middle(self.stem(x))
        pooled = [self.deep(middle)]
        for _ in range(3):
            pooled.append(nn.functional.max_pool2d(pooled[-1], 5, 1, 2))
        deep = self.pyramid(torch.cat(pooled, 1))
        neck = self.neck(torch.cat([nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest"), middle], 1))
        boxes, scores = [], []
        for head, features, stride in zip(self.heads, (neck, deep), (8.0, 16.0)):
            raw = head(features).flatten(2)
            height, width = features.shape[2:]
            y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
            grid = torch.stack([x, y]).reshape(1, 2, -1).float()
            centre = (raw[:, :2].sigmoid() * 2 - 0.5 + grid) * stride
            extent = (raw[:, 2:4].sigmoid() * 2) ** 2 * stride
            boxes.append(torch.cat([centre - extent / 2, centre + extent / 2], 1))
            scores.append(raw[:, 4:].sigmoid())
        return torch.cat(boxes, 2).transpose(1, 2), torch.cat(scores, 2).transpose(1, 2)


class TupleOutput(nn.Module):
    """Returns the wrapped transformer's first outputs as a tuple of tensors."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        outputs = self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=False, use_cache=False)
        return tuple(output for output in outputs if isinstance(output, torch.Tensor))


def timm_model(name, image, **options):
    import timm
    return timm.create_model(name, pretrained=False, **options), (torch.rand(1, 3, image, image),)


def language_model(kind):
    import transformers
    small = dict(vocab_size=500, attn_implementation="eager")
    if kind == "bert":
        config = transformers.BertConfig(
            hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128, **small)
        model = transformers.BertModel(config)
    elif kind == "llama":
        config = transformers.LlamaConfig(
            hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            intermediate_size=128, **small)
        model = transformers.LlamaForCausalLM(config)
    else:
        model = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(n_embd=64, n_layer=2, n_head=4, n_positions=64, **small))
    ids = torch.randint(0, 500, (2, 12))
    mask = torch.ones(2, 12, dtype=torch.int64)
    mask[1, 9:] = 0
    return TupleOutput(model), (ids, mask)


MODELS = {
    "resnet18": lambda: timm_model("resnet18", 64),
    "resnet50": lambda: timm_model("resnet50", 64),
    "mobilenetv3": lambda: timm_model("mobilenetv3_small_100", 64),
    "efficientnet": lambda: timm_model("efficientnet_b0", 64),
    "convnext": lambda: timm_model("convnext_atto", 64),
    "vit": lambda: timm_model("vit_tiny_patch16_224", 64, img_size=64),
    "swin": lambda: timm_model("swin_tiny_patch4_window7_224", 56, img_size=56),
    "unet": lambda: (UNet(), (torch.rand(1, 3, 64, 64),)),
    "yolo": lambda: (YOLO(), (torch.rand(1, 3, 96, 64),)),
    "bert": lambda: language_model("bert"),
    "gpt2": lambda: language_model("gpt2"),
    "llama": lambda: language_model("llama"),
}


def randomise(model):
    """Gives normalisation layers statistics and weights other than zero and one."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)


def export(name, dynamo, folder):
    torch.manual_seed(7)
    model, inputs = MODELS[name]()
    randomise(model)
    model.eval()
    folder.mkdir(parents=True)
    path = folder / "model.onnx"
    names = ["input_ids", "attention_mask"] if len(inputs) == 2 else ["image"]
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


def main():
    directory = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:] or list(MODELS)
    library = define_torchvision_operators()  # kept alive while models are made
    failures = 0
    for name in wanted:
        for exporter in ("legacy", "dynamo"):
            folder = directory / f"{name}_{exporter}"
            shutil.rmtree(folder, ignore_errors=True)
            try:
                export(name, exporter == "dynamo", folder)
                model = onnx.load(folder / "model.onnx", load_external_data=False)
                operators = sorted({node.op_type for node in model.graph.node})
                print(f"{folder.name}: {len(model.graph.node)} nodes, {len(model.functions)} functions: {operators}")
            except Exception as error:  # an exporter's failure is no reason to give up the others
                failures += 1
                shutil.rmtree(folder, ignore_errors=True)
                print(f"{folder.name}: not exported: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
    del library
    return failures == 0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
