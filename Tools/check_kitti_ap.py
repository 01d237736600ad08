#!/usr/bin/env python3
"""Compares `alula detect --evaluate` with a second implementation of KITTI's average precision.

    python Tools/check_kitti_ap.py DATA [--alula .build/release/alula]

DATA is laid out as for check_pointpillars.py; its `published/*.txt` (x y z l w h yaw class score) serve as labels, seen from
KITTI's nominal camera. This is a check of the evaluation, not a statement on the detector's accuracy: those boxes come from
another network. Needs numpy.
"""
import argparse
import math
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from pointpillars_reference import corners

NAMES = ("Car", "Pedestrian", "Cyclist")
LIMITS = ((40, 0, 0.15), (25, 1, 0.3), (25, 2, 0.5))  # least height, most occlusion, most truncation
FOCUS, MIDDLE, SIZE = 721.5377, (609.5593, 172.854), (1242, 375)


def to_label(box, name, score=None):
    """A KITTI line: the nominal camera looks along +x, its x is -y, its y is -z."""
    x, y, z, l, w, h, yaw = box
    pixels = []
    for u, v in corners((x, y, z, l, w, h, yaw)):
        for r in (-0.5, 0.5):
            if u > 0.1:
                pixels.append((FOCUS * -v / u + MIDDLE[0], FOCUS * -(z + r * h) / u + MIDDLE[1]))
    if not pixels:
        return None
    a = np.array(pixels)
    low, high = np.maximum(a.min(0), 0), np.minimum(a.max(0), np.array(SIZE) - 1)
    if (low >= high).any():
        return None
    rotation = math.atan2(-math.cos(yaw), -math.sin(yaw))
    numbers = [rotation, *low, *high, h, w, l, -y, -z + h / 2, x, rotation]
    return f"{name} 0.00 0 " + " ".join(f"{n:.6f}" for n in numbers) + ("" if score is None else f" {score:.6f}")


def parse(path):
    rows = []
    for line in open(path):
        words = line.split()
        rows.append((words[0], np.array([float(w) for w in words[1:]])))
    return rows


def footprint(row):
    n = row[1]
    return (n[10], n[12], 0, n[9], n[8], 1, -n[13])


def shared_area(a, b):
    """By scan lines: exact for polygons between consecutive corners and crossings, so no clipping is needed."""
    def chords(poly, x):
        ys = []
        for i in range(4):
            (x1, y1), (x2, y2) = poly[i - 1], poly[i]
            if (x1 <= x < x2) or (x2 <= x < x1):
                ys.append(y1 + (x - x1) / (x2 - x1) * (y2 - y1))
        return (min(ys), max(ys)) if len(ys) >= 2 else None

    pa, pb = corners(a), corners(b)
    low = max(min(p[0] for p in pa), min(p[0] for p in pb))
    high = min(max(p[0] for p in pa), max(p[0] for p in pb))
    if low >= high:
        return 0.0
    count, total = 2000, 0.0
    for k in range(count):
        x = low + (k + 0.5) * (high - low) / count
        ca, cb = chords(pa, x), chords(pb, x)
        if ca and cb:
            total += max(0.0, min(ca[1], cb[1]) - max(ca[0], cb[0]))
    return total * (high - low) / count


def overlap(a, b, metric):
    na, nb = a[1], b[1]
    if metric == "2D":
        w, h = min(na[5], nb[5]) - max(na[3], nb[3]), min(na[6], nb[6]) - max(na[4], nb[4])
        area = lambda n: (n[5] - n[3]) * (n[6] - n[4])
        return 0.0 if w <= 0 or h <= 0 else w * h / (area(na) + area(nb) - w * h)
    ground = shared_area(footprint(a), footprint(b))
    if metric == "BEV":
        return ground / (na[8] * na[9] + nb[8] * nb[9] - ground)
    rise = min(na[11], nb[11]) - max(na[11] - na[7], nb[11] - nb[7])
    if rise <= 0 or ground <= 0:
        return 0.0
    return ground * rise / (na[7] * na[8] * na[9] + nb[7] * nb[8] * nb[9] - ground * rise)


def precision(frames, name, limit, metric):
    least, occlusion, truncation = limit
    needed = 0.7 if name == "Car" else 0.5
    near = {"Car": "Van", "Pedestrian": "Person_sitting"}.get(name)
    state = []
    for labels, found in frames:
        role = []
        for kind, n in labels:
            hard = n[1] > occlusion or n[0] > truncation or n[6] - n[4] <= least
            role.append(0 if kind == name and not hard else 1 if kind in (name, near) else -1)
        mine = [1 if abs(n[6] - n[4]) < least else 0 if kind == name else -1 for kind, n in found]
        state.append((labels, found, role, mine, [[overlap(l, d, metric) for d in found] for l in labels]))
    total = sum(r.count(0) for _, _, r, _, _ in state)
    if total == 0:
        return 0.0, 0.0

    def match(threshold):
        right, wrong = [], 0
        for labels, found, role, mine, laps in state:
            used = [False] * len(found)
            for i, r in enumerate(role):
                if r == -1:
                    continue
                best, key = None, None
                for j, d in enumerate(found):
                    if mine[j] == -1 or used[j] or laps[i][j] <= needed:
                        continue
                    if threshold is not None and d[1][14] < threshold:
                        continue
                    k = d[1][14] if threshold is None else (mine[j] == 0, laps[i][j])
                    if key is None or k > key:
                        best, key = j, k
                if best is not None:
                    used[best] = True
                    if r == 0 and mine[best] == 0:
                        right.append(found[best][1][14])
            if threshold is not None:
                wrong += sum(m == 0 and not u and d[1][14] >= threshold for m, u, d in zip(mine, used, found))
        return right, wrong

    scores, thresholds, recall = sorted(match(None)[0], reverse=True), [], 0.0
    for i, s in enumerate(scores):
        left, last = (i + 1) / total, i == len(scores) - 1
        if not last and (i + 2) / total - recall < recall - left:
            continue
        thresholds.append(s)
        recall += 1 / 40
    p = np.zeros(41)
    for i, t in enumerate(thresholds[:41]):
        right, wrong = match(t)
        p[i] = len(right) / (len(right) + wrong) if right else 0
    p = np.maximum.accumulate(p[::-1])[::-1]
    return 100 * p[::4].mean(), 100 * p[1:].mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--alula", default=".build/release/alula")
    a = parser.parse_args()
    worst, count = 0.0, 0
    with tempfile.TemporaryDirectory() as out:
        os.makedirs(f"{out}/labels")
        names = sorted(n[:-4] for n in os.listdir(f"{a.data}/published"))
        clouds = [f"{a.data}/clouds/{n}.bin" for n in names]
        for n in names:
            rows = [[float(w) for w in line.split()] for line in open(f"{a.data}/published/{n}.txt")]
            lines = [to_label(r[:7], NAMES[int(r[7])]) for r in rows if r[8] > 0.5]
            open(f"{out}/labels/{n}.txt", "w").write("".join(l + "\n" for l in lines if l))
        run = [a.alula, "detect", *clouds, "--model-dir", a.data]
        subprocess.run([*run, "--format", "kitti", "--output", f"{out}/found"], check=True, stderr=subprocess.DEVNULL)
        text = subprocess.run([*run, "--evaluate", f"{out}/labels", "--output", f"{out}/text"], check=True,
                              stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
        frames = [(parse(f"{out}/labels/{n}.txt"), parse(f"{out}/found/{n}.txt")) for n in names]
        pattern = r"^(\w+) (2D|BEV|3D) (R11|R40) +([\d.]+) +([\d.]+) +([\d.]+) "
        for name, metric, kind, *numbers in re.findall(pattern, text, re.M):
            got = [float(v) for v in numbers]
            wanted = [precision(frames, name, limit, metric)[kind == "R40"] for limit in LIMITS]
            worst = max(worst, *(abs(x - y) for x, y in zip(got, wanted)))
            count += len(got)
            print(f"{name} {metric:3} {kind} alula {got} here {[round(float(w), 2) for w in wanted]}")
    print(f"{count} numbers, largest difference {worst:.3f}")
    return 0 if count and worst < 0.011 else 1


if __name__ == "__main__":
    sys.exit(main())
