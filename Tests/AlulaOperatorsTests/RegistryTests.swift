// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// What holds for every registered operator, whoever wrote it: found by probing, so a new operator is covered by being
/// registered.
@Suite("every registered operator")
struct RegistryTests {
    private static let registry = OperatorRegistry.standard
    /// Calls a variant of an operator; twelve times as many found nothing more.
    private static let rounds = 25

    @Test("is restored by its own description", arguments: registry.names)
    func descriptionRoundTrips(_ name: String) throws {
        var random = ProblemGenerator(seed: 11)
        let variants = OperatorProbe(name).variants(using: &random, count: 40)
        #expect(!variants.isEmpty, "no parameters found that \(name) accepts")
        for operation in variants {
            let restored = try Self.registry.makeOperator(operation.described)
            // As text, since NaN is a legal parameter that no comparison finds equal.
            #expect(text(of: restored) == text(of: operation))
            #expect(operation.described.name == name)
        }
    }

    private func text(of operation: any Operator) -> [String] {
        let attributes = operation.attributes
        return attributes.sortedNames.map { name in "\(name) = \(attributes[name].map { "\($0)" } ?? "")" }
    }

    @Test("refuses parameters of the wrong kind", arguments: registry.names)
    func wrongKindsAreRefused(_ name: String) throws {
        let probe = OperatorProbe(name)
        for (attribute, kinds) in probe.acceptedKinds() {
            for value in OperatorProbe.candidates where !kinds.contains(OperatorProbe.kind(of: value)) {
                var attributes = probe.base
                attributes[attribute] = value
                #expect(throws: OperatorError.self, "\(attribute) = \(value)") {
                    try Self.registry.makeOperator(OperatorDescription(name: name, attributes: attributes))
                }
            }
        }
    }

    @Test("answers or throws, whatever its inputs are", arguments: registry.names)
    func hostileInputsNeverTrap(_ name: String) throws {
        var random = ProblemGenerator(seed: 5)
        let probe = OperatorProbe(name)
        for operation in probe.variants(using: &random, count: 24) {
            for _ in 0..<Self.rounds { call(operation, random.hostileInputs()) }
        }
        for seed in SeedProblem.all where seed.name == name {
            expectAcceptance(of: seed, probe)
            for _ in 0..<Self.rounds * 10 {
                let (attributes, inputs) = random.mutated(seed)
                guard let operation = try? Self.registry.makeOperator(probe.description(attributes)) else { continue }
                call(operation, inputs)
            }
        }
    }

    /// A seed that is refused would test nothing behind the refusal.
    private func expectAcceptance(of seed: SeedProblem, _ probe: OperatorProbe) {
        do {
            _ = try Self.registry.makeOperator(probe.description(seed.attributes)).inferOutputs(seed.inputs)
        } catch {
            if case .valueRequired = error { return }
            Issue.record("\(probe.description(seed.attributes)): \(error)")
        }
    }

    /// Asks `operation` everything about `inputs`, and evaluates it where all contents are known and outputs small.
    private func call(_ operation: any Operator, _ inputs: [OperatorInput?]) {
        _ = try? operation.outputsKnownFromTypes(inputs)
        guard let types = try? operation.inferOutputs(inputs) else { return }
        for type in types {
            #expect(
                Shape(checking: type.shape.extents) != nil,
                "\(operation.described) gave \(type) for \(inputs.map { $0?.type.description ?? "none" })"
            )
        }
        _ = operation.floatingPointOperations(inputs: inputs.map { $0?.type }, outputs: types)
        let isKnown = inputs.allSatisfy { $0 == nil || $0?.value != nil }
        guard isKnown, types.allSatisfy({ $0.shape.elementCount <= 1 << 12 }) else { return }
        let outputs = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try? operation.evaluate(inputs.map { $0?.value }, into: outputs)
    }
}
