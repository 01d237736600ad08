#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times ONNX models in Alula, ONNX Runtime and OpenVINO, in turn, and prints one Markdown table.

Usage: benchmark.py MODEL_OR_FOLDER... [--threads 1,2] [--batch N] [--rounds 4] [--seconds 1]
                    [--alula .build/release/alula] [--timing-cache FILE] [--strict] [--json FILE]

Needs numpy, onnxruntime and openvino. Every round runs each engine once (A B C, A B C, …), so that drift of the machine
hits all of them alike, for about --seconds each; the table holds medians over all rounds. The ratio is the faster peer's
time over Alula's: above 1 Alula is faster. Alula's time is what it computes (first kernel to last), as the peers read
their inputs in place; its time with copies to and from device memory stands beside it. The last column is the largest
|a - b| / (1 + |b|) against ONNX Runtime. OpenVINO is told to compute in float32. Extents that vary become --batch in the
first axis and 1 in others. Exit status 1 when a model failed or differs by more than --tolerance.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime
import openvino

NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
               "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_,
               "tensor(int8)": np.int8, "tensor(uint8)": np.uint8}


def make_inputs(session, batch):
    """Seeded numbers for every input: normal floats, zeros and ones for everything else."""
    generator, inputs = np.random.default_rng(1), {}
    for value in session.get_inputs():
        shape = [extent if isinstance(extent, int) else batch if axis == 0 else 1
                 for axis, extent in enumerate(value.shape)]
        kind = NUMPY_TYPES[value.type]
        is_float = np.issubdtype(kind, np.floating)
        numbers = generator.standard_normal(shape) if is_float else generator.integers(0, 2, shape)
        inputs[value.name] = numbers.astype(kind)
    return inputs


class Peer:
    """An engine that runs inside this process."""

    def __init__(self, infer):
        self.infer = infer
        self.times = []
        infer()
        self.milliseconds = self.time_once()

    def time_once(self):
        start = time.perf_counter()
        self.infer()
        return (time.perf_counter() - start) * 1e3

    def run(self, seconds):
        self.times += [self.time_once() for _ in range(iteration_count(self.milliseconds, seconds))]


class Alula:
    """The command-line tool: builds a plan once and runs it in a process a round."""

    def __init__(self, path, model, inputs, threads, folder, options):
        self.path, self.threads, self.folder = path, threads, folder
        self.plan = folder / "model.plan"
        self.times, self.with_copies = [], []
        self.loads = []
        shapes = []
        for index, (name, array) in enumerate(inputs.items()):
            np.save(folder / f"in{index}.npy", array)
            self.loads += ["--load-inputs", f"{name}:{folder}/in{index}.npy"]
            shapes += ["--shapes", f"{name}:" + "x".join(map(str, array.shape))]
        self.call(["build", str(model), "--output", str(self.plan), "--threads", str(threads)] + shapes + options)
        self.milliseconds = statistics.median(self.bench(1)["computeMs"])

    def call(self, arguments):
        done = subprocess.run([self.path] + arguments, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"alula {' '.join(arguments)}\n{done.stdout[-1000:]}\n{done.stderr[-1000:]}")

    def bench(self, iterations):
        report = self.folder / "report.json"
        self.call(["bench", "--plan", str(self.plan), "--threads", str(self.threads), "--warmup", "2", "--iterations",
                   str(iterations), "--save-outputs", str(self.folder), "--json", str(report)] + self.loads)
        return json.loads(report.read_text())

    def run(self, seconds):
        report = self.bench(iteration_count(self.milliseconds, seconds))
        self.times += report["computeMs"]
        self.with_copies += report["latencyMs"]

    def output(self, name):
        return np.load(self.folder / (name.replace("/", "_") + ".npy"))


def iteration_count(milliseconds, seconds):
    return max(1, min(100, round(seconds * 1e3 / max(milliseconds, 1e-3))))


def open_peers(model, session, inputs, threads):
    core = openvino.Core()
    network = core.read_model(str(model))
    network.reshape({name: array.shape for name, array in inputs.items()})
    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(network, "CPU", hints).create_infer_request()
    return {"ONNX Runtime": Peer(lambda: session.run(None, inputs)), "OpenVINO": Peer(lambda: request.infer(inputs))}


def largest_difference(alula, session, expected):
    worst = 0.0
    for value, want in zip(session.get_outputs(), expected):
        got = alula.output(value.name)
        if got.shape != want.shape:
            raise RuntimeError(f"output {value.name}: shape {got.shape}, expected {want.shape}")
        want = want.astype(np.float64)
        difference = np.abs(got.astype(np.float64) - want) / (1 + np.abs(want))
        worst = max(worst, float(np.nan_to_num(difference, nan=np.inf).max(initial=0)))
    return worst


def compare(model, threads, arguments):
    """One row of the table, as a dictionary."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    inputs = make_inputs(session, arguments.batch)
    expected = session.run(None, inputs)
    build = ["--strict"] if arguments.strict else []
    build += ["--timing-cache", arguments.timing_cache] if arguments.timing_cache else []
    with tempfile.TemporaryDirectory() as folder:
        alula = Alula(arguments.alula, model, inputs, threads, pathlib.Path(folder), build)
        peers = open_peers(model, session, inputs, threads)
        for _ in range(arguments.rounds):
            for engine in [*peers.values(), alula]:
                engine.run(arguments.seconds)
        medians = {name: statistics.median(peer.times) for name, peer in peers.items()}
        compute = statistics.median(alula.times)
        return {"model": model.stem, "batch": arguments.batch, "threads": threads, "alula": compute,
                "with copies": statistics.median(alula.with_copies), **medians,
                "ratio": min(medians.values()) / compute, "difference": largest_difference(alula, session, expected)}


COLUMNS = {"model": "Model", "batch": "Batch", "threads": "Threads", "alula": "Alula ms", "with copies": "With copies ms",
           "ONNX Runtime": "ONNX Runtime ms", "OpenVINO": "OpenVINO ms", "ratio": "Best peer ÷ Alula",
           "difference": "Largest difference"}


def markdown(value, key):
    if not isinstance(value, float):
        return str(value)
    return f"{value:.1e}" if key == "difference" else f"{value:.2f}"


def print_row(row):
    print("| " + " | ".join(markdown(row[key], key) for key in COLUMNS) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--alula", default=".build/release/alula")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--timing-cache")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--tolerance", type=float, default=2e-3)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    models = [model for path in arguments.models
              for model in (sorted(path.glob("*.onnx")) if path.is_dir() else [path])]
    rows, is_good = [], True
    print("| " + " | ".join(COLUMNS.values()) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for model in models:
        for threads in map(int, arguments.threads.split(",")):
            try:
                rows.append(compare(model, threads, arguments))
            except Exception as error:  # one model's failure is no reason to give up the others
                print(f"{model.stem}, {threads} threads: {error}", file=sys.stderr)
                is_good = False
                continue
            print_row(rows[-1])
            is_good &= rows[-1]["difference"] <= arguments.tolerance
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
