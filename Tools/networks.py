# SPDX-License-Identifier: Apache-2.0
"""Networks with random weights in the shapes users bring; needs torch, and timm or transformers for some."""
import torch
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
    """Transposed convolutions up, skip connections; one level an entry of `channels`."""

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
    """The split, bottlenecks and concatenation of YOLOv5 to v8, from `ic` to `oc` channels."""

    def __init__(self, ic, oc, count, is_residual=True):
        super().__init__()
        self.enter = ConvBlock(ic, oc, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(ConvBlock(oc // 2, oc // 2), ConvBlock(oc // 2, oc // 2)) for _ in range(count))
        self.leave = ConvBlock(oc // 2 * (count + 2), oc, 1)
        self.is_residual = is_residual

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(parts[-1] + block(parts[-1]) if self.is_residual else block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class PoolingPyramid(nn.Module):
    """Three 5×5 poolings in a row, joined with what they start from (SPPF)."""

    def __init__(self, channels):
        super().__init__()
        self.enter = ConvBlock(channels, channels // 2, 1)
        self.leave = ConvBlock(channels * 2, channels, 1)

    def forward(self, x):
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(nn.functional.max_pool2d(parts[-1], 5, 1, 2))
        return self.leave(torch.cat(parts, 1))


class YOLO(nn.Module):
    """A one-stage detector shaped like YOLOv8: backbone, pyramid, top-down and bottom-up necks, decoded boxes and scores.

    `widths` are the channels at strides 2, 4, 8, 16, 32; `depths` the bottlenecks at strides 4 to 32. Box edges are
    expectations over `bins` distances, as in YOLOv8.
    """

    def __init__(self, widths=(16, 32, 64, 128, 128), depths=(1, 1, 1, 1), classes=10, bins=8):
        super().__init__()
        self.bins = bins
        w2, w4, w8, w16, w32 = widths
        down = lambda ic, oc, count: nn.Sequential(ConvBlock(ic, oc, stride=2), CrossStage(oc, oc, count))
        self.to8 = nn.Sequential(ConvBlock(3, w2, stride=2), down(w2, w4, depths[0]), down(w4, w8, depths[1]))
        self.to16 = down(w8, w16, depths[2])
        self.to32 = nn.Sequential(down(w16, w32, depths[3]), PoolingPyramid(w32))
        neck = lambda ic, oc: CrossStage(ic, oc, depths[0], is_residual=False)
        self.up16, self.up8 = neck(w32 + w16, w16), neck(w16 + w8, w8)
        self.shrink8, self.down16 = ConvBlock(w8, w8, stride=2), neck(w8 + w16, w16)
        self.shrink16, self.down32 = ConvBlock(w16, w16, stride=2), neck(w16 + w32, w32)
        head = lambda ic, middle, oc: nn.Sequential(
            ConvBlock(ic, middle), ConvBlock(middle, middle), nn.Conv2d(middle, oc, 1))
        scales = (w8, w16, w32)
        self.box_heads = nn.ModuleList(head(ic, max(4 * bins, w8 // 4), 4 * bins) for ic in scales)
        self.class_heads = nn.ModuleList(head(ic, max(classes, w8), classes) for ic in scales)

    def forward(self, x):
        grow = lambda x: nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
        x8 = self.to8(x)
        x16 = self.to16(x8)
        x32 = self.to32(x16)
        n16 = self.up16(torch.cat([grow(x32), x16], 1))
        n8 = self.up8(torch.cat([grow(n16), x8], 1))
        n16 = self.down16(torch.cat([self.shrink8(n8), n16], 1))
        n32 = self.down32(torch.cat([self.shrink16(n16), x32], 1))
        return self.decode((n8, n16, n32))

    def decode(self, scales):
        """`[N, 4 + classes, anchors]`: centre, extent and scores of every anchor."""
        raw, grids, strides = [], [], []
        for index, (features, stride) in enumerate(zip(scales, (8.0, 16.0, 32.0))):
            joined = torch.cat([self.box_heads[index](features), self.class_heads[index](features)], 1)
            raw.append(joined.flatten(2))
            height, width = int(features.shape[2]), int(features.shape[3])  # so that anchors become constants
            y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
            grids.append(torch.stack([x, y]).reshape(1, 2, -1).float() + 0.5)
            strides.append(torch.full((1, 1, height * width), stride))
        anchors, stride = torch.cat(grids, 2), torch.cat(strides, 2)
        boxes, scores = torch.cat(raw, 2).split([4 * self.bins, raw[0].shape[1] - 4 * self.bins], 1)
        bins = boxes.reshape(boxes.shape[0], 4, self.bins, -1).transpose(1, 2).softmax(1)
        distances = (bins * torch.arange(self.bins).float().reshape(1, -1, 1, 1)).sum(1)
        left_top, right_bottom = anchors - distances[:, :2], anchors + distances[:, 2:]
        boxes = torch.cat([(left_top + right_bottom) / 2, right_bottom - left_top], 1) * stride
        return torch.cat([boxes, scores.sigmoid()], 1)


class VGG(nn.Sequential):
    """VGG-16: 3×3 convolutions and 2×2 poolings, then three large products."""

    def __init__(self, classes=1000):
        layers, ic = [], 3
        for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(ic, channels, 3, padding=1), nn.ReLU()]
                ic = channels
            layers.append(nn.MaxPool2d(2))
        layers += [nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
        super().__init__(*layers, nn.Linear(4096, classes))


class TupleOutput(nn.Module):
    """Calls the wrapped transformer with named inputs and returns its tensors as a tuple."""

    def __init__(self, model, names=("input_ids", "attention_mask"), **options):
        super().__init__()
        self.model = model
        self.names = names
        self.options = options

    def forward(self, *inputs):
        outputs = self.model(**dict(zip(self.names, inputs)), return_dict=False, **self.options)
        return tuple(output for output in outputs if isinstance(output, torch.Tensor))


def timm_model(name, image, **options):
    import timm
    return timm.create_model(name, pretrained=False, **options), (torch.rand(1, 3, image, image),)


def language_model(kind):
    """A tiny transformer of one kind, for a batch of two sequences of unequal length."""
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
    return TupleOutput(model, use_cache=False) if kind != "bert" else TupleOutput(model), (ids, mask)


def bert_base(length=128):
    import transformers
    model = transformers.BertModel(transformers.BertConfig(attn_implementation="eager"))
    ids = torch.randint(0, 30000, (1, length))
    return TupleOutput(model), (ids, torch.ones(1, length, dtype=torch.int64))


def gpt2_small(layer_count=12, length=128):
    import transformers
    config = transformers.GPT2Config(n_layer=layer_count, attn_implementation="eager")
    model = TupleOutput(transformers.GPT2Model(config), ("input_ids",), use_cache=False)
    return model, (torch.randint(0, 50000, (1, length)),)


def gpt2_block(length=128):
    """One block and the final normalisation of GPT-2 small, on embeddings."""
    import transformers
    config = transformers.GPT2Config(n_layer=1, vocab_size=8, attn_implementation="eager")
    model = TupleOutput(transformers.GPT2Model(config), ("inputs_embeds",), use_cache=False)
    return model, (torch.randn(1, length, 768),)


def randomise(model):
    """Gives normalisation layers statistics and weights other than zero and one."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
