#!/usr/bin/env python3
"""Measures `alula detect`: cost growth, memory, and the whole way against a Python pipeline.

    python Tools/measure_pointpillars.py growth [--alula …]             points 10k to 2M, pillars 1k to 40k, made-up weights
    python Tools/measure_pointpillars.py memory [--frames 10000]        resident memory over many frames of a small network
    python Tools/measure_pointpillars.py peers DATA [--rounds 3]        DATA/reference.py on ONNX Runtime and OpenVINO, in turn

Needs numpy; peers also onnxruntime and openvino. Every figure is a median.
"""
import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

SMALL = """
CLASS_NAMES: ['Car']
DATA_CONFIG:
    POINT_CLOUD_RANGE: [0, -8, -3, 16, 8, 1]
    DATA_PROCESSOR:
        - {NAME: transform_points_to_voxels, VOXEL_SIZE: [0.5, 0.5, 4], MAX_POINTS_PER_VOXEL: 32, MAX_NUMBER_OF_VOXELS: 1024}
MODEL:
    DENSE_HEAD:
        USE_DIRECTION_CLASSIFIER: True
        ANCHOR_GENERATOR_CONFIG:
            - {class_name: Car, anchor_sizes: [[3.9, 1.6, 1.56]], anchor_rotations: [0, 1.57], anchor_bottom_heights: [-1.78]}
    POST_PROCESSING:
        SCORE_THRESH: 0.01
        NMS_CONFIG: {NMS_THRESH: 0.1, NMS_PRE_MAXSIZE: 100, NMS_POST_MAXSIZE: 10}
"""


def cloud(points, pillars, seed=1):
    """`points` points spread over `pillars` cells of KITTI's grid."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(432 * 496)[:pillars]
    cell = np.concatenate([cells, rng.choice(cells, max(points - pillars, 0))])[:points]
    x = (cell % 432 + rng.uniform(0.1, 0.9, points)) * 0.16
    y = (cell // 432 + rng.uniform(0.1, 0.9, points)) * 0.16 - 39.68
    rows = np.stack([x, y, rng.uniform(-2.5, 0.5, points), rng.uniform(0, 1, points)], 1)
    return rows[rng.permutation(points)].astype("<f4")


def run(alula, clouds, *flags):
    """JSON of every frame."""
    command = [alula, "detect", *clouds, "--format", "jsonl", *flags]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def medians(frames):
    stages = {}
    for frame in frames:
        for stage, value in frame["stage_ms"].items():
            stages.setdefault(stage, []).append(value)
    return {stage: float(np.median(values)) for stage, values in stages.items()}


def growth(a):
    with tempfile.TemporaryDirectory() as folder:
        sizes = [(n, 8000) for n in (10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000)]
        sizes += [(80_000, p) for p in (1_000, 2_000, 5_000, 10_000, 20_000, 40_000)]
        print("points   pillars | read upload voxelise pfe scatter mask decode nms | outside the backbone | backbone")
        for points, pillars in sizes:
            path = f"{folder}/{points}_{pillars}.bin"
            cloud(points, pillars).tofile(path)
            frames = run(a.alula, [path], "--repeat", str(a.repeat + 2), "--streams", "1", "--threads", str(a.threads))[2:]
            m = medians(frames)
            names = ("read", "upload", "voxelise", "pfe", "scatter", "mask", "decode", "nms")
            values = [m.get(name, 0) for name in names]
            print(f"{points:8} {frames[0]['pillars']['kept']:7} | " + " ".join(f"{v:.2f}" for v in values)
                  + f" | {sum(values):.2f} | {m['rpn']:.1f}", flush=True)
            os.remove(path)


def resident(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def memory(a):
    with tempfile.TemporaryDirectory() as folder:
        open(f"{folder}/small.yaml", "w").write(SMALL)
        rng = np.random.default_rng(1)
        for i in range(10):
            count = int(rng.integers(50, 4000))
            rows = rng.uniform([-1, -9, -3, 0], [17, 9, 1, 1], (count, 4)).astype("<f4")
            rows.tofile(f"{folder}/{i}.bin")
        command = [a.alula, "detect", folder, "--config", f"{folder}/small.yaml", "--repeat", str(a.frames // 10),
                   "--format", "jsonl", "--threads", str(a.threads)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        begin, count = time.time(), 0
        for _ in process.stdout:
            count += 1
            if count in (10, 100) or count % (a.frames // 10) == 0:
                print(f"frame {count:6}: {resident(process.pid):.1f} MiB resident", flush=True)
        print(f"{count} frames in {time.time() - begin:.1f} s, status {process.wait()}")


class OpenVINO:
    """What reference.py calls of an ONNX Runtime session."""

    def __init__(self, core, path, threads):
        hints = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        self.model = core.compile_model(path, "CPU", hints)

    def run(self, names, feed):
        result = self.model(feed)
        return [result[output].copy() for output in (names or self.model.outputs)]


def peers(a):
    spec = importlib.util.spec_from_file_location("reference", f"{a.data}/reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    import openvino

    clouds = sorted(f"{a.data}/clouds/{n}" for n in os.listdir(f"{a.data}/clouds"))
    pipelines = {"ONNX Runtime": reference.Pipeline(a.data, threads=a.threads)}
    pipelines["OpenVINO"] = reference.Pipeline(a.data, threads=a.threads)
    core = openvino.Core()
    for name in ("pfe", "rpn"):
        setattr(pipelines["OpenVINO"], name, OpenVINO(core, f"{a.data}/{name}.onnx", a.threads))
    times = {}
    cache = ["--timing-cache", a.timing_cache] if a.timing_cache else []
    for _ in range(a.rounds):
        for name, pipeline in pipelines.items():
            for path in clouds:
                begin = time.perf_counter()
                points = reference.load_cloud(path)
                tensors = pipeline.tensors(points)
                middle = time.perf_counter()
                reference.postprocess(tensors["box"], tensors["cls"], tensors["dir"], tensors["coords"])
                times.setdefault((name, os.path.basename(path)), []).append(
                    ((time.perf_counter() - begin) * 1e3, (middle - begin) * 1e3))
        frames = run(a.alula, clouds, "--model-dir", a.data, "--repeat", "3", "--streams", "1", "--threads", str(a.threads),
                     *cache)
        for path, frame in zip(clouds * 3, frames):
            # The first round prepares the engine for the cloud's capacity.
            if frame is not frames[0]:
                total = sum(frame["stage_ms"].values())
                times.setdefault(("Alula", os.path.basename(path)), []).append((total, total))
    print("cloud            Alula | Python + ONNX Runtime | Python + OpenVINO     (ms, medians, file to boxes)")
    for path in clouds:
        name = os.path.basename(path)
        total = {k: np.median([t[0] for t in times[k, name]]) for k in ("Alula", "ONNX Runtime", "OpenVINO")}
        print(f"{name:15} {total['Alula']:6.1f} | {total['ONNX Runtime']:6.1f} ({total['ONNX Runtime'] / total['Alula']:.1f}×) | "
              f"{total['OpenVINO']:6.1f} ({total['OpenVINO'] / total['Alula']:.1f}×)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("growth", "memory", "peers"))
    parser.add_argument("data", nargs="?")
    parser.add_argument("--alula", default=".build/release/alula")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--timing-cache")
    a = parser.parse_args()
    {"growth": growth, "memory": memory, "peers": peers}[a.what](a)


if __name__ == "__main__":
    sys.exit(main())
