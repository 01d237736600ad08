// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars
internal import ArgumentParser

/// How boxes are written.
enum DetectFormat: String, ExpressibleByArgument, CaseIterable {
    /// A table a frame.
    case text
    /// One JSON object a frame and line.
    case jsonl
    /// One file of KITTI labels a frame.
    case kitti
}

/// The network of `alula detect`.
struct DetectModelOptions: ParsableArguments {
    @Option(help: "Folder with pfe.onnx and rpn.onnx, or with one end-to-end model; without, weights are made up.")
    var modelDir: String?

    @Option(help: "Backbone in --model-dir.")
    var rpn = "rpn.onnx"

    @Option(help: "End-to-end model, instead of --model-dir.")
    var onnx: String?

    @Option(help: "YAML file with OpenPCDet's field names, or a preset: kitti, kitti-car, nuscenes.")
    var config: String?

    @Option(help: "Lowest score of a box, 0 to 1; default: the configuration's.")
    var score: Float?

    @Flag(help: "Scatter pillars to an image before the first convolution, as the model says, instead of around it.")
    var dense = false

    @Option(help: "File with times of tactics from earlier builds; made or extended by this one.")
    var timingCache: String?

    @Flag(help: "Print what was recognised, every rewrite of the builder, and how every step runs.")
    var verbose = false

    mutating func validate() throws {
        guard modelDir == nil || onnx == nil else {
            throw ValidationError("--onnx, --model-dir: got both, expected one")
        }
        guard score.map({ $0 >= 0 && $0 <= 1 }) ?? true else {
            throw ValidationError("--score: got \(score ?? 0), expected 0 to 1")
        }
    }
}

/// The clouds of `alula detect`.
struct DetectInputOptions: ParsableArguments {
    @Argument(help: "Clouds: .bin, .pcd, .npy, .ply files, folders, or patterns with * and ?.")
    var clouds: [String] = []

    @Option(help: "Keep detecting: look at every cloud that appears in this folder, until interrupted.")
    var watch: String?

    @Option(help: "Stop watching after this many clouds.")
    var watchLimit: Int?

    @Option(help: "float32 numbers of a record in .bin files: 4 (KITTI) or 5 (nuScenes); default: by the name.")
    var fields: Int?

    @Option(help: "Factor for intensities, which networks expect from 0 to 1, e.g. 0.00392157 for 0 to 255.")
    var intensityScale: Float = 1

    @Option(help: "Frames of the made-up street scene when no cloud is given.")
    var frames = 5

    @Option(help: "Seed of the scene and of made-up weights.")
    var seed: UInt64 = 1

    @Option(help: "Go through the clouds this many times.")
    var `repeat` = 1

    @Option(help: "Feed this many frames a second, as a sensor would; default: as fast as they are taken.")
    var rate: Double?

    mutating func validate() throws {
        for (option, value, least) in [
            ("--frames", frames, 1), ("--repeat", `repeat`, 1), ("--watch-limit", watchLimit ?? 1, 1),
            ("--fields", fields ?? 4, 3),
        ] where value < least {
            throw ValidationError("\(option): got \(value), expected \(least) or more")
        }
        guard rate.map({ $0 > 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--rate: got \(rate ?? 0), expected a positive number")
        }
        guard watch == nil || clouds.isEmpty else {
            throw ValidationError("--watch: got clouds as well, expected one or the other")
        }
    }
}

/// The output of `alula detect`.
struct DetectOutputOptions: ParsableArguments {
    @Option(help: "Output: text, jsonl or kitti.")
    var format = DetectFormat.text

    @Option(help: "File for text and jsonl instead of standard output; folder for kitti.")
    var output: String?

    @Option(help: "Folder for a bird's-eye view of every frame as PNG.")
    var png: String?

    @Option(help: "Folder for a bird's-eye view of every frame as SVG.")
    var svg: String?

    @Option(help: "File for a page with all frames in 3D: one file, no network needed.")
    var html: String?

    @Option(help: "Folder for the tensors of every frame, as <frame>.<tensor>.npy.")
    var saveTensors: String?

    @Option(help: "Folder with KITTI calibrations, <frame>.txt; default: axes that only turn.")
    var calib: String?

    @Option(help: "Folder with KITTI labels, <frame>.txt: print average precisions at the end.")
    var evaluate: String?

    @Flag(help: "Print medians of all stages, throughput and latencies at the end, to standard error.")
    var timing = false
}
