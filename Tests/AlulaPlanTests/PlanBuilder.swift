// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting

/// Writes plans by hand, one line a step.
struct PlanBuilder {
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

    mutating func step(_ operation: any Operator, _ inputs: Int?..., name: String? = nil) -> Int {
        step(operation, inputs: inputs, name: name)
    }

    mutating func step(_ operation: any Operator, inputs: [Int?], name: String? = nil) -> Int {
        let output = add("value\(values.count)", .intermediate)
        steps.append(
            Step(name: name ?? "step\(steps.count)", operation: operation, inputs: inputs, outputs: [output])
        )
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
            name: "test",
            batchMode: batchMode,
            bindings: inputs + outputs,
            profiles: profiles,
            values: values,
            steps: steps
        )
    }
}

extension PlanBuilder {
    /// A plan that uses every kind of field a file can hold.
    static var everything: Plan {
        var builder = PlanBuilder()
        let input = builder.input("input", [.symbolic("N"), 3, .symbolic("")])
        let weights = builder.constant(Tensor((0..<300).map { Float($0) * 0.5 }, shape: [3, 100]))
        let same = builder.constant(Tensor([true, false, true], shape: [3]))
        let shape = builder.constant(Tensor([Int64(3), 1, 100], shape: [3]))
        _ = builder.constant(Tensor([Int8](), shape: [0]))
        let scaled = builder.step(
            Fused(
                producer: TestAttributes([
                    "integer": .integer(-5), "float": .float(.pi), "string": .string("größe"),
                    "integers": .integers([1, -2]), "floats": .floats([0.5, -.infinity]),
                    "strings": .strings(["a", ""]),
                ]),
                producerInputCount: 1,
                stages: [.init(Relu()), .init(TestSum(), operandInput: 1)]
            ),
            input,
            input
        )
        let reshaped = builder.step(TestReshape(), weights, shape)
        let joined = builder.step(TestConcat(axis: 2), scaled, reshaped)
        let flags = builder.step(Identity(), same)
        builder.output(joined, "joined", [.symbolic("N"), 3, .symbolic("W")])
        builder.output(flags, "flags", nil, .bool)
        builder.profiles = [
            OptimizationProfile(["input": .init(min: [3, 3, 1], opt: [3, 3, 8], max: [3, 3, 40])])
        ]
        return builder.plan
    }
}

/// A plan as text: equal texts mean equal plans.
func dump(_ plan: Plan) -> String {
    var lines = ["\(plan.name) \(plan.batchMode) \(plan.bindings)"]
    for profile in plan.profiles { lines.append("\(profile.ranges.sorted { $0.key < $1.key })") }
    for value in plan.values {
        switch value.kind {
        case .constant(let tensor): lines.append("\(value.name) \(tensor.type) \(tensor.doubles())")
        case .binding(let index): lines.append("\(value.name) binding \(index)")
        case .intermediate: lines.append("\(value.name) intermediate")
        }
    }
    for step in plan.steps {
        let description = step.operation.described
        lines.append("\(step.name) \(description.name) \(text(description.attributes)) \(step.inputs) \(step.outputs)")
    }
    return lines.joined(separator: "\n")
}

private func text(_ attributes: Attributes) -> String {
    attributes.sortedNames.map { name in
        guard case .operators(let nested)? = attributes[name] else { return "\(name): \(attributes[name] as Any)" }
        return "\(name): \(nested.map { $0.name + text($0.attributes) })"
    }
    .joined(separator: ", ")
}
