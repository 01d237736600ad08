#!/usr/bin/env python3
"""Compares `alula detect` with recorded results of a trained network on real clouds.

    python Tools/check_pointpillars.py ../shared/pointpillars [--alula .build/release/alula] [--int8]

Checks, for every cloud: voxels by SHA-256 of points, counts and cells; anchors kept; features, image, heads at recorded
places; boxes. Twice: with the image between pillars and backbone (--dense), and without; then the end-to-end model; with
--int8 also the quantised backbone. Tolerances are those of the data's README. Needs numpy.
"""
import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np

TOLERANCES = {"pillar_features": 1e-3, "bev": 1e-3, "box": 2e-3, "cls": 2e-3, "dir": 2e-3}
INT8 = {"box": (0.02, 0.3), "cls": (0.1, 0.6), "dir": (0.08, 0.6)}  # RMS, single values at kept anchors


def digest(array, kind):
    return hashlib.sha256(np.ascontiguousarray(array.astype(kind)).tobytes()).hexdigest()


def angle(a, b, period=2 * math.pi):
    return abs((a - b + period / 2) % period - period / 2)


def check_voxels(load, expected, problems):
    pillars = expected["voxelise"]["pillars"]
    for key, tensor, kind in (("points", "points_by_slot", "<f4"), ("num_points", "pillar_counts", "<i4"),
                              ("coords", "pillar_cells", "<i4")):
        if digest(load(tensor)[:pillars], kind) != expected["voxelise"][f"{key}_sha256"]:
            problems.append(f"{key} differ")
    kept = int(load("anchor_mask").sum())
    if kept != expected["anchors_kept"]:
        problems.append(f"{kept} anchors kept, expected {expected['anchors_kept']}")


def check_tensors(load, expected, dense, problems):
    worst = {}
    pillars = expected["voxelise"]["pillars"]
    for name, samples in expected["fp32"]["tensors"].items():
        if name == "bev" and not dense:
            continue
        tensor = load(name)
        flat = (tensor[:pillars].T if name == "pillar_features" else tensor).ravel()
        worst[name] = float(np.abs(flat[samples["index"]] - np.array(samples["value"])).max())
        if worst[name] > TOLERANCES[name]:
            problems.append(f"{name} is off by {worst[name]:.2e}")
        if abs(np.linalg.norm(flat.astype(np.float64)) - samples["l2"]) > 1e-4 * samples["l2"]:
            problems.append(f"norm of {name}")
    return worst


def check_boxes(boxes, expected, problems, score=0.005, metres=0.01, yaw=0.005, period=2 * math.pi, least=0.2):
    near = lambda box: abs(box["score"] - least) <= score
    wanted = [b for b in expected if b["score"] >= least]
    found = {b["anchor"]: b for b in boxes}
    for box in wanted:
        match = found.get(box["anchor"])
        if match is None:  # quantised runs may prefer a neighbouring anchor
            match = min(boxes, key=lambda b: math.dist([b[k] for k in "xyz"], [box[k] for k in "xyz"]), default=None)
        if match is None or math.dist([match[k] for k in "xyz"], [box[k] for k in "xyz"]) > max(metres, 0.25) * 2:
            if not near(box):
                problems.append(f"no box for anchor {box['anchor']}, score {box['score']:.3f}")
            continue
        off = {"score": abs(match["score"] - box["score"]) / score, "yaw": angle(match["yaw"], box["yaw"], period) / yaw,
               **{k: abs(match[k] - box[k]) / metres for k in ("x", "y", "z", "l", "w", "h")}}
        for key, part in off.items():
            if part > 1:
                problems.append(f"{key} of anchor {box['anchor']}: {match[key]} for {box[key]}")
    extra = [b for b in boxes if b["score"] >= least and not near(b)
             and all(math.dist([b[k] for k in "xyz"], [w[k] for k in "xyz"]) > 0.5 for w in expected)]
    problems += [f"extra box at {b['x']:.2f}, {b['y']:.2f}, score {b['score']:.3f}" for b in extra]


def check_int8(load, expected, boxes, problems):
    mask = load("anchor_mask").ravel().astype(bool)
    for name, (rms, single) in INT8.items():
        samples = expected["int8"]["tensors"][name]
        width = {"box": 7, "cls": 1, "dir": 2}[name]
        index = np.array(samples["index"])
        kept = mask[index // width]
        off = np.abs(load(name).ravel()[index] - np.array(samples["value"]))[kept]
        if off.max(initial=0) > single or math.sqrt(float((off**2).mean())) > rms:
            problems.append(f"{name}: RMS {math.sqrt(float((off**2).mean())):.3f}, largest {off.max():.3f}")
    check_boxes([b for b in boxes if b["score"] >= 0.27], expected["int8"]["boxes"], problems, score=0.03, metres=0.25,
                yaw=0.05, period=math.pi, least=0.3)


def run(alula, data, clouds, out, flags):
    command = [alula, "detect", *clouds, "--format", "jsonl", "--output", f"{out}/boxes.jsonl", "--save-tensors", out, *flags]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in open(f"{out}/boxes.jsonl")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--alula", default=".build/release/alula")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--timing-cache")
    a = parser.parse_args()
    clouds = sorted(f"{a.data}/clouds/{name}" for name in os.listdir(f"{a.data}/clouds"))
    runs = [("image", ["--model-dir", a.data, "--dense"]), ("pillars", ["--model-dir", a.data]),
            ("end to end", ["--onnx", f"{a.data}/pointpillars_e2e.onnx"])]
    if a.int8:
        runs.append(("int8", ["--model-dir", a.data, "--rpn", "rpn_int8_qdq.onnx"]))
    failures = 0
    for title, flags in runs:
        with tempfile.TemporaryDirectory() as out:
            cache = ["--timing-cache", a.timing_cache] if a.timing_cache else []
            for frame in run(a.alula, a.data, clouds, out, flags + cache):
                expected = json.load(open(f"{a.data}/expected/{frame['frame']}.json"))
                load = lambda name: np.load(f"{out}/{frame['frame']}.{name}.npy")
                problems, worst = [], {}
                check_voxels(load, expected, problems)
                if title == "int8":
                    check_int8(load, expected, frame["boxes"], problems)
                else:
                    worst = check_tensors(load, expected, title == "image", problems)
                    check_boxes(frame["boxes"], expected["fp32"]["boxes"], problems)
                failures += bool(problems)
                print(f"{title:10} {frame['frame']:12} {'ok' if not problems else 'BAD: ' + '; '.join(problems[:6])} "
                      + " ".join(f"{k} {v:.1e}" for k, v in worst.items()))
    print(f"{failures} failures")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
