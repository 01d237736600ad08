// SPDX-License-Identifier: Apache-2.0

internal import AlulaONNX
internal import AlulaSystem
internal import AlulaTensor

/// Whole models to damage.
package enum FuzzSeeds {
    /// Models written here, and all small models of ONNX's backend cases where those are installed.
    package static func all() throws -> [[UInt8]] {
        var seeds = [typedTensors(), functions(), network()]
        guard let directory = ConformanceData.directory else { return seeds }
        for testCase in try ConformanceCase.discover(in: directory) {
            let bytes = try Files.read(testCase.modelPath)
            if bytes.count < 1 << 16 { seeds.append(bytes) }
        }
        return seeds
    }

    private static func typedTensors() -> [UInt8] {
        var model = ONNXWriter()
        for (index, tensor) in SampleTensors.everyType.enumerated() {
            for (form, suffix) in [(ONNXWriter.Form.raw, "raw"), (.typed, "typed"), (.unpacked, "unpacked")] {
                let name = "\(suffix)\(index)"
                model.addInitializer(name, tensor, form: form)
                model.addNode("Identity", [name], ["out\(name)"])
                model.addOutput("out\(name)", tensor.dataType)
            }
        }
        return model.serialized()
    }

    private static func functions() -> [UInt8] {
        var model = ONNXWriter()
        model.opsets["local"] = 1
        model.addInput("x", .float32, [.symbolic("batch"), 4])
        for level in 0..<4 {
            let (callee, domain) = level == 0 ? ("Relu", "") : ("F\(level - 1)", "local")
            let nodes = [("a", "b"), ("b", "c")].map { input, output in
                NodeProto(operatorType: callee, domain: domain, inputs: [input], outputs: [output])
            }
            model.functions.append(
                .init(name: "F\(level)", domain: "local", inputs: ["a"], outputs: ["c"], nodes: nodes)
            )
        }
        model.addNode("F3", ["x"], ["y"], domain: "local")
        model.addOutput("y")
        return model.serialized()
    }

    private static func network() -> [UInt8] {
        var model = ONNXWriter()
        model.addInput("image", .float32, [1, 3, 8, 8])
        model.addInitializer("weights", Tensor(zeros: .float32, shape: [4, 3, 3, 3]))
        model.addInitializer("shape", Tensor([1, -1] as [Int64], shape: [2]), form: .typed)
        let convolution: [String: AttributeProto] = [
            "pads": .integers([1, 1, 1, 1]), "strides": .integers([2, 2]), "auto_pad": .string("NOTSET"),
        ]
        model.addNode("Conv", ["image", "weights"], ["features"], attributes: convolution)
        model.addNode("Relu", ["features"], ["active"])
        model.addNode("MaxPool", ["active"], ["pooled"], attributes: ["kernel_shape": .integers([2, 2])])
        model.addNode("Reshape", ["pooled", "shape"], ["flat"])
        model.addNode("Softmax", ["flat"], ["scores"], attributes: ["axis": .integer(-1)])
        model.addOutput("scores")
        return model.serialized()
    }
}
