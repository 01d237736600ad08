// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaSystem
import AlulaTensor
import Synchronization
import Testing

/// Small plans written by hand, one line a step.
struct NetworkBuilder {
    private var inputs: [Binding] = []
    private var outputs: [Binding] = []
    private var values: [PlanValue] = []
    private var outputValues: [Int] = []
    private var steps: [Step] = []
    var profiles: [OptimizationProfile] = []
    var batchMode = BatchMode.explicit

    mutating func input(_ name: String, _ dimensions: [Dimension], _ dataType: DataType = .float32) -> Int {
        inputs.append(Binding(name: name, mode: .input, dataType: dataType, dimensions: dimensions))
        return add(name, .binding(inputs.count - 1))
    }

    mutating func constant(_ tensor: Tensor) -> Int { add("constant\(values.count)", .constant(tensor)) }

    mutating func step(_ name: String, _ operation: any Operator, _ inputs: Int?...) -> Int {
        let output = add(name, .intermediate)
        steps.append(Step(name: name, operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    mutating func output(_ value: Int, _ name: String, _ dimensions: [Dimension]?, _ dataType: DataType = .float32) {
        outputs.append(Binding(name: name, mode: .output, dataType: dataType, dimensions: dimensions))
        outputValues.append(value)
    }

    private mutating func add(_ name: String, _ kind: PlanValue.Kind) -> Int {
        values.append(PlanValue(name: name, kind: kind))
        return values.count - 1
    }

    var plan: Plan {
        var values = values
        for (index, value) in outputValues.enumerated() { values[value].kind = .binding(inputs.count + index) }
        return Plan(
            name: "network",
            batchMode: batchMode,
            bindings: inputs + outputs,
            profiles: profiles,
            values: values,
            steps: steps
        )
    }
}

/// What the tests run.
enum Networks {
    /// `output = relu(input + 1) + 1`, `[4]`.
    static var fixed: Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", [4])
        let one = builder.constant(Tensor([Float(1)], shape: [1]))
        let sum = builder.step("add", Add(), input, one)
        let relu = builder.step("relu", Relu(), sum)
        builder.output(builder.step("add again", Add(), relu, one), "output", [4])
        return builder.plan
    }

    /// `output = relu(input) + 1`, batch of `[3]`, up to `maxBatchSize`.
    static func implicit(maxBatchSize: Int) -> Plan {
        var builder = NetworkBuilder()
        builder.batchMode = .implicit(maxBatchSize: maxBatchSize)
        let input = builder.input("input", [3])
        let one = builder.constant(Tensor([Float(1)], shape: [1]))
        let relu = builder.step("relu", Relu(), input)
        builder.output(builder.step("add", Add(), relu, one), "output", [3])
        return builder.plan
    }

    /// `output = relu(input) + 1`, `[N, 3]`, profiles 1...8 and 16...32.
    static var dynamic: Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", [.symbolic("N"), 3])
        let one = builder.constant(Tensor([Float(1)], shape: [1]))
        let relu = builder.step("relu", Relu(), input)
        builder.output(builder.step("add", Add(), relu, one), "output", [.symbolic("N"), 3])
        builder.profiles = [
            OptimizationProfile(["input": .init(min: [1, 3], opt: [4, 3], max: [8, 3])]),
            OptimizationProfile(["input": .init(min: [16, 3], opt: [16, 3], max: [32, 3])]),
        ]
        return builder.plan
    }

    /// `output = left + right`, `[N]` each.
    static var twoDynamicInputs: Plan {
        var builder = NetworkBuilder()
        let left = builder.input("left", [.symbolic("N")])
        let right = builder.input("right", [.symbolic("N")])
        builder.output(builder.step("add", Add(), left, right), "output", [.symbolic("N")])
        return builder.plan
    }

    /// `indices = nonzero(input)`, `positive = relu(input)`; input `[6]`.
    static var contentSized: Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", [6])
        let found = builder.step("find", NonZero(), input)
        builder.output(builder.step("copy", Identity(), found), "indices", [1, .symbolic("")], .int64)
        builder.output(builder.step("relu", Relu(), input), "positive", [6])
        return builder.plan
    }

    /// `output = scripted(relu(input))`, `[4]`.
    static func scripted(_ operation: Scripted) -> Plan {
        var builder = NetworkBuilder()
        let input = builder.input("input", [4])
        let relu = builder.step("relu", Relu(), input)
        builder.output(builder.step("scripted", operation, relu), "output", [4])
        return builder.plan
    }
}

/// Copies, after doing what a test asks for.
struct Scripted: Operator {
    static let name = "Scripted"
    var attributes: Attributes { [:] }
    var body: @Sendable () throws(OperatorError) -> Void = {}

    init(_ body: @escaping @Sendable () throws(OperatorError) -> Void) { self.body = body }
    init(attributes: Attributes) throws(OperatorError) {}

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).type]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        try body()
        guard let src = inputs[0], let dst = outputs[0] else { return }
        dst.copyElements(from: src)
    }
}

extension Device {
    /// Device memory holding `elements`.
    func memory<T: BitwiseCopyable>(_ elements: [T]) throws -> DeviceMemory {
        let memory = try allocate(byteCount: max(1, elements.count * MemoryLayout<T>.stride))
        let stream = try makeStream(isNonBlocking: true)
        try stream.copy(fromPageable: elements.span, to: memory)
        try stream.synchronize()
        return memory
    }
}

extension DeviceMemory {
    /// The first `count` elements, read by a copy.
    func elements<T: BitwiseCopyable>(_ zero: T, count: Int, on device: Device) throws -> [T] {
        var elements = [T](repeating: zero, count: count)
        let stream = try device.makeStream(isNonBlocking: true)
        try stream.copy(from: try slice(0..<count * MemoryLayout<T>.stride), toPageable: &elements)
        return elements
    }

    /// The first `count` floats.
    func floats(_ count: Int, on device: Device) throws -> [Float] { try elements(Float(0), count: count, on: device) }
}

/// What `body` threw; records an issue when it threw nothing or another code.
@discardableResult
func refusal(
    _ code: ErrorCode,
    _ body: () throws(ExecutionError) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    } catch {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.description
    }
}
