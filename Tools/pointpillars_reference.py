#!/usr/bin/env python3
"""A detector of OpenPCDet's kind in numpy and ONNX Runtime: what `alula detect` is compared with.

    python Tools/pointpillars_reference.py make DIR [--seed 1] [--classes 3]     writes pfe.onnx, rpn.onnx, pointpillar.onnx
    python Tools/pointpillars_reference.py compare DIR CLOUD... --alula .build/release/alula

`make` writes a three-class network with seeded weights on KITTI's grid: a pillar feature network on ten decorated
features (product, normalisation, ReLU, maximum over 32 points), the paper's backbone and three heads; and the two joined
end to end with PPScatterPlugin. `compare` runs numpy + ONNX Runtime and `alula detect` on the same clouds and prints the
largest differences of heads and boxes.  Needs numpy, onnx, onnxruntime.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

RANGE = np.array([0, -39.68, -3, 69.12, 39.68, 1], np.float32)
VOXEL = np.array([0.16, 0.16, 4], np.float32)
NX, NY = 432, 496
MAX_PILLARS, MAX_POINTS = 40000, 32
CLASSES = ("Car", "Pedestrian", "Cyclist")
SIZES = ((3.9, 1.6, 1.56, -1.78), (0.8, 0.6, 1.73, -0.6), (1.76, 0.6, 1.73, -0.6))
ROTATIONS = (0.0, 1.57)
DIR_OFFSET, SCORE_MIN, NMS_IOU, NMS_PRE, NMS_POST = 0.78539, 0.1, 0.01, 4096, 500


# ---- model ----------------------------------------------------------------------------------
def make(folder, seed):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    he = lambda shape, fan: (rng.standard_normal(shape) * math.sqrt(2 / fan)).astype(np.float32)
    opset = [helper.make_opsetid("", 17)]

    def graph(name, nodes, inits, inputs, outputs):
        value = lambda n, t, s: helper.make_tensor_value_info(n, t, s)
        return helper.make_model(
            helper.make_graph(nodes, name, [value(*i) for i in inputs], [value(*o) for o in outputs],
                              [numpy_helper.from_array(v, k) for k, v in inits.items()]),
            opset_imports=opset, ir_version=8)

    node = helper.make_node
    pfn_nodes = lambda src, axes_back=(0, 2, 1): [
        node("MatMul", [src, "linear"], ["product"]),
        node("Transpose", ["product"], ["product_t"], perm=[0, 2, 1]),
        node("BatchNormalization", ["product_t", "bn.scale", "bn.bias", "bn.mean", "bn.var"], ["normal_t"], epsilon=1e-3),
        node("Transpose", ["normal_t"], ["normal"], perm=list(axes_back)),
        node("Relu", ["normal"], ["hidden"]),
        node("ReduceMax", ["hidden"], ["pillar_features"], axes=[1], keepdims=0),
    ]
    pfn_inits = {
        "linear": he((10, 64), 400), "bn.scale": rng.uniform(0.5, 1.5, 64).astype(np.float32),
        "bn.bias": rng.normal(0, 0.2, 64).astype(np.float32), "bn.mean": rng.normal(0, 0.2, 64).astype(np.float32),
        "bn.var": rng.uniform(0.5, 1.5, 64).astype(np.float32),
    }
    f32, i32 = TensorProto.FLOAT, TensorProto.INT32
    onnx.save(graph("pfe", pfn_nodes("voxels"), pfn_inits, [("voxels", f32, ["P", MAX_POINTS, 10])],
                    [("pillar_features", f32, ["P", 64])]), f"{folder}/pfe.onnx")

    nodes, inits, ups = [], {}, []
    src, channels = "image", 64
    for block, (layers, width, factor) in enumerate(((4, 64, 1), (6, 128, 2), (6, 256, 4))):
        for layer in range(layers):
            name = f"block{block}.{layer}"
            inits[f"{name}.w"], inits[f"{name}.b"] = he((width, channels, 3, 3), channels * 9), rng.normal(0, 0.05, width).astype(np.float32)
            nodes.append(node("Conv", [src, f"{name}.w", f"{name}.b"], [name], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                              strides=[2, 2] if layer == 0 else [1, 1]))
            nodes.append(node("Relu", [name], [f"{name}.relu"]))
            src, channels = f"{name}.relu", width
        name = f"up{block}"
        inits[f"{name}.w"], inits[f"{name}.b"] = he((width, 128, factor, factor), width), rng.normal(0, 0.05, 128).astype(np.float32)
        nodes.append(node("ConvTranspose", [src, f"{name}.w", f"{name}.b"], [name], kernel_shape=[factor] * 2, strides=[factor] * 2))
        nodes.append(node("Relu", [name], [f"{name}.relu"]))
        ups.append(f"{name}.relu")
    nodes.append(node("Concat", ups, ["features"], axis=1))
    heads = (("cls_preds", 18, -4.0, 100), ("box_preds", 42, 0.0, 6000), ("dir_cls_preds", 12, 0.0, 400))
    for name, width, offset, fan in heads:
        inits[f"{name}.w"] = he((width, 384, 1, 1), fan * 8)
        inits[f"{name}.b"] = (offset + rng.normal(0, 0.05, width)).astype(np.float32)
        nodes.append(node("Conv", ["features", f"{name}.w", f"{name}.b"], [f"{name}.image"], kernel_shape=[1, 1]))
        nodes.append(node("Transpose", [f"{name}.image"], [name], perm=[0, 2, 3, 1]))
    outputs = [(name, f32, [1, NY // 2, NX // 2, width]) for name, width, _, _ in heads]
    onnx.save(graph("rpn", nodes, inits, [("image", f32, [1, 64, NY, NX])], outputs), f"{folder}/rpn.onnx")

    scatter = node("PPScatterPlugin", ["pillar_features", "voxel_idxs", "voxel_num"], ["image"], dense_shape=[NY, NX])
    os.makedirs(f"{folder}/e2e", exist_ok=True)
    onnx.save(graph("pointpillar", pfn_nodes("voxels") + [scatter] + nodes, {**pfn_inits, **inits},
                    [("voxels", f32, ["P", MAX_POINTS, 10]), ("voxel_idxs", i32, ["P", 4]), ("voxel_num", i32, [1])],
                    outputs), f"{folder}/e2e/pointpillar.onnx")


# ---- numpy pipeline -------------------------------------------------------------------------
def voxelise(points):
    cell = np.floor((points[:, :3] - RANGE[:3]) / VOXEL)
    keep = (cell[:, 0] >= 0) & (cell[:, 0] < NX) & (cell[:, 1] >= 0) & (cell[:, 1] < NY) & (cell[:, 2] == 0)
    points, cell = points[keep], cell[keep].astype(np.int64)
    number, pillars, cells = {}, [], []
    for point, (ix, iy, _) in zip(points, cell):
        key = (iy, ix)
        if key not in number:
            if len(pillars) == MAX_PILLARS:
                continue
            number[key] = len(pillars)
            pillars.append([])
            cells.append(key)
        if len(pillars[number[key]]) < MAX_POINTS:
            pillars[number[key]].append(point)
    features = np.zeros((len(pillars), MAX_POINTS, 10), np.float32)
    for p, (members, (iy, ix)) in enumerate(zip(pillars, cells)):
        members = np.array(members, np.float32)
        centre = np.array([ix, iy, 0], np.float32) * VOXEL + (VOXEL / 2 + RANGE[:3])
        features[p, : len(members)] = np.concatenate(
            [members, members[:, :3] - members[:, :3].mean(0), members[:, :3] - centre], 1)
    return features, np.array(cells, np.int64).reshape(-1, 2)


def decode(cls, box, direction):
    h, w = cls.shape[1:3]
    xs = np.linspace(RANGE[0], RANGE[3], w, dtype=np.float64)
    ys = np.linspace(RANGE[1], RANGE[4], h, dtype=np.float64)
    kinds = np.array([(*size, rot) for size in SIZES for rot in ROTATIONS], np.float64)  # l w h bottom rotation
    ay, ax, ak = np.meshgrid(ys, xs, np.arange(len(kinds)), indexing="ij")
    ax, ay, kind = ax.ravel(), ay.ravel(), kinds[ak.ravel()]
    t = box.reshape(-1, 7).astype(np.float64)
    diagonal = np.hypot(kind[:, 0], kind[:, 1])
    r = t[:, 6] + kind[:, 4]
    value = r - DIR_OFFSET
    r = value - np.floor(value / math.pi) * math.pi + DIR_OFFSET + math.pi * direction.reshape(-1, 2).argmax(1)
    boxes = np.stack([
        t[:, 0] * diagonal + ax, t[:, 1] * diagonal + ay, t[:, 2] * kind[:, 2] + kind[:, 3] + kind[:, 2] / 2,
        np.exp(t[:, 3]) * kind[:, 0], np.exp(t[:, 4]) * kind[:, 1], np.exp(t[:, 5]) * kind[:, 2],
        (r + math.pi) % (2 * math.pi) - math.pi], 1)
    logits = cls.reshape(-1, len(CLASSES)).astype(np.float64)
    return boxes, 1 / (1 + np.exp(-logits.max(1))), logits.argmax(1)


def corners(b):
    c, s = math.cos(b[6]), math.sin(b[6])
    return [(b[0] + c * u - s * v, b[1] + s * u + c * v)
            for u, v in ((b[3] / 2, b[4] / 2), (-b[3] / 2, b[4] / 2), (-b[3] / 2, -b[4] / 2), (b[3] / 2, -b[4] / 2))]


def overlap(a, b):
    """Shared area by triangle fans of the convex hull of corners inside and edge crossings: not the clipping Alula uses."""
    inside = lambda p, q: all((q[i][0] - q[i - 1][0]) * (p[1] - q[i - 1][1]) - (q[i][1] - q[i - 1][1]) * (p[0] - q[i - 1][0]) >= -1e-12
                              for i in range(4))
    pa, pb = corners(a), corners(b)
    points = [p for p in pa if inside(p, pb)] + [p for p in pb if inside(p, pa)]
    for i in range(4):
        for j in range(4):
            (x1, y1), (x2, y2), (x3, y3), (x4, y4) = pa[i - 1], pa[i], pb[j - 1], pb[j]
            d = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
            if abs(d) < 1e-12:
                continue
            t = ((x1 - x3) * (y3 - y4) - (y1 - y3) * (x3 - x4)) / d
            u = ((x1 - x3) * (y1 - y2) - (y1 - y3) * (x1 - x2)) / d
            if 0 <= t <= 1 and 0 <= u <= 1:
                points.append((x1 + t * (x2 - x1), y1 + t * (y2 - y1)))
    if len(points) < 3:
        return 0.0
    cx, cy = sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)
    points.sort(key=lambda p: math.atan2(p[1] - cy, p[0] - cx))
    area = 0.5 * sum(points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1] for i in range(len(points)))
    return area / (a[3] * a[4] + b[3] * b[4] - area)


def suppress(boxes, scores):
    kept = []
    for i in np.argsort(-scores, kind="stable")[:NMS_PRE]:
        reach = math.hypot(boxes[i][3], boxes[i][4]) / 2
        if not any(math.hypot(*(boxes[i][:2] - boxes[k][:2])) < reach + math.hypot(boxes[k][3], boxes[k][4]) / 2
                   and overlap(boxes[i], boxes[k]) > NMS_IOU for k in kept):
            kept.append(i)
            if len(kept) == NMS_POST:
                break
    return kept


class Pipeline:
    def __init__(self, folder):
        import onnxruntime as ort
        load = lambda name: ort.InferenceSession(f"{folder}/{name}", providers=["CPUExecutionProvider"])
        self.pfe, self.rpn = load("pfe.onnx"), load("rpn.onnx")

    def __call__(self, points):
        features, cells = voxelise(points)
        image = np.zeros((1, 64, NY, NX), np.float32)
        if len(cells):
            pillars = self.pfe.run(None, {"voxels": features})[0]
            image[0, :, cells[:, 0], cells[:, 1]] = pillars
        heads = dict(zip(("cls_preds", "box_preds", "dir_cls_preds"),
                         self.rpn.run(["cls_preds", "box_preds", "dir_cls_preds"], {"image": image})))
        boxes, scores, labels = decode(*heads.values())
        chosen = np.nonzero(scores >= SCORE_MIN)[0]
        kept = chosen[suppress(boxes[chosen], scores[chosen])] if len(chosen) else []
        found = [dict(zip(("x", "y", "z", "l", "w", "h", "yaw"), map(float, boxes[i])), score=float(scores[i]),
                      anchor=int(i), **{"class": CLASSES[labels[i]]}) for i in kept]
        return heads, found, len(cells)


# ---- comparison -----------------------------------------------------------------------------
def compare(folder, clouds, alula, extra):
    pipeline, failures = Pipeline(folder), 0
    with tempfile.TemporaryDirectory() as out:
        for form in (["--model-dir", folder], ["--onnx", f"{folder}/e2e/pointpillar.onnx"]):
            subprocess.run([alula, "detect", *clouds, *form, "--config", "kitti", "--format", "jsonl", "--output",
                            f"{out}/boxes.jsonl", "--save-tensors", out, *extra], check=True)
            frames = [json.loads(line) for line in open(f"{out}/boxes.jsonl")]
            for path, frame in zip(clouds, frames):
                heads, found, pillars = pipeline(np.fromfile(path, "<f4").reshape(-1, 4))
                worst = {n: float(np.abs(np.load(f"{out}/{frame['frame']}.{n}.npy") - v).max()) for n, v in heads.items()}
                same = [b["anchor"] for b in found] == [b["anchor"] for b in frame["boxes"]]
                by_anchor = {b["anchor"]: b for b in found}
                shared = [(b, by_anchor[b["anchor"]]) for b in frame["boxes"] if b["anchor"] in by_anchor]
                yaw = lambda a, b: abs((a - b + math.pi) % (2 * math.pi) - math.pi)
                differences = {
                    "score": max((abs(a["score"] - b["score"]) for a, b in shared), default=0),
                    "metres": max((abs(a[k] - b[k]) for a, b in shared for k in "xyzlwh"), default=0),
                    "yaw": max((yaw(a["yaw"], b["yaw"]) for a, b in shared), default=0),
                }
                classes = all(a["class"] == b["class"] for a, b in shared)
                good = (pillars == frame["pillars"]["kept"] and max(worst.values()) <= 2e-3 and classes
                        and len(shared) >= 0.98 * max(len(found), len(frame["boxes"]))
                        and differences["score"] <= 0.005 and differences["metres"] <= 0.01)
                failures += not good
                print(f"{form[0]:12} {frame['frame']:12} {'ok ' if good else 'BAD'} pillars {pillars} heads "
                      + " ".join(f"{v:.1e}" for v in worst.values())
                      + f" boxes {len(found)}/{len(frame['boxes'])} {'same' if same else f'{len(shared)} shared'} "
                      + " ".join(f"{k} {v:.1e}" for k, v in differences.items()))
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("make", "compare"))
    parser.add_argument("folder")
    parser.add_argument("clouds", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alula", default=".build/release/alula")
    arguments, extra = parser.parse_known_args()
    if arguments.what == "make":
        os.makedirs(arguments.folder, exist_ok=True)
        make(arguments.folder, arguments.seed)
        return 0
    return min(compare(arguments.folder, arguments.clouds, arguments.alula, extra), 1)


if __name__ == "__main__":
    sys.exit(main())
