// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

extension Plan {
    /// Checks bindings, profiles and wiring: names are unique, shapes agree, each value is written once and before it is
    /// read, each binding has its value.
    ///
    /// - Throws: ``PlanError/malformed(what:location:got:expected:)``.
    package func validate() throws(PlanError) {
        try validateBindings()
        for (index, profile) in profiles.enumerated() { try validate(profile, at: index) }
        try validateWiring()
    }

    private func validateBindings() throws(PlanError) {
        if case .implicit(let maxBatchSize) = batchMode, !(1...Self.largestBatchSize).contains(maxBatchSize) {
            throw .malformed(
                what: "maximum batch size",
                location: "plan '\(name)'",
                got: "\(maxBatchSize)",
                expected: "\(1...Self.largestBatchSize)"
            )
        }
        var names: Set<String> = []
        for (index, binding) in bindings.enumerated() {
            func malformed(_ what: String, got: String, expected: String) -> PlanError {
                .malformed(what: what, location: "binding \(index) '\(binding.name)'", got: got, expected: expected)
            }
            guard names.insert(binding.name).inserted else {
                throw malformed("name", got: "a name used before", expected: "a unique one")
            }
            if binding.mode == .input, index > 0, bindings[index - 1].mode == .output {
                throw malformed("order", got: "an input after an output", expected: "inputs first")
            }
            guard let dimensions = binding.dimensions else {
                if binding.mode == .output { continue }
                throw malformed("dimensions", got: "none", expected: "the rank of an input to be known")
            }
            let largest = dimensions.map { $0.extent ?? 1 }
            guard Shape(checking: largest + [batchLimit]) != nil else {
                throw malformed("dimensions", got: "\(dimensions)", expected: "extents of at most 2^48 elements")
            }
            if case .implicit = batchMode, binding.mode == .input, dimensions.contains(where: { $0.extent == nil }) {
                throw malformed("dimensions", got: "\(dimensions)", expected: "fixed extents with an implicit batch")
            }
        }
    }

    private var batchLimit: Int {
        if case .implicit(let maxBatchSize) = batchMode { maxBatchSize } else { 1 }
    }

    private func validate(_ profile: OptimizationProfile, at index: Int) throws(PlanError) {
        let inputs = bindings.filter { $0.mode == .input }
        for (name, range) in profile.ranges.sorted(by: { $0.key < $1.key }) {
            let shapes = [range.min, range.opt, range.max]
            guard let dimensions = inputs.first(where: { $0.name == name })?.dimensions,
                shapes.allSatisfy({ $0.rank == dimensions.count }),
                dimensions.indices.allSatisfy({ axis in
                    range.min[axis] <= range.opt[axis] && range.opt[axis] <= range.max[axis]
                        && shapes.allSatisfy { $0[axis] == dimensions[axis].extent ?? $0[axis] }
                })
            else {
                throw .malformed(
                    what: "range of '\(name)'",
                    location: "profile \(index)",
                    got: "\(range.min), \(range.opt), \(range.max)",
                    expected: "min ≤ opt ≤ max of an input's rank and fixed extents"
                )
            }
        }
        let missing = inputs.first { input in
            input.dimensions?.contains { $0.extent == nil } == true && profile.ranges[input.name] == nil
        }
        if let missing {
            throw .malformed(
                what: "range of '\(missing.name)'",
                location: "profile \(index)",
                got: "none",
                expected: "a range for each input with dynamic extents"
            )
        }
    }

    private func validateWiring() throws(PlanError) {
        var isAvailable = [Bool](repeating: false, count: values.count)
        var isWritable = isAvailable
        var isBound = [Bool](repeating: false, count: bindings.count)
        for (index, value) in values.enumerated() {
            switch value.kind {
            case .constant: isAvailable[index] = true
            case .intermediate: isWritable[index] = true
            case .binding(let binding):
                guard bindings.indices.contains(binding), !isBound[binding] else {
                    throw .malformed(
                        what: "binding index",
                        location: "value \(index) '\(value.name)'",
                        got: "\(binding)",
                        expected: "one of \(bindings.count) bindings, each once"
                    )
                }
                isBound[binding] = true
                isAvailable[index] = bindings[binding].mode == .input
                isWritable[index] = bindings[binding].mode == .output
            }
        }
        if let unbound = isBound.firstIndex(of: false) {
            throw .malformed(
                what: "value",
                location: "binding '\(bindings[unbound].name)'",
                got: "none",
                expected: "exactly one value"
            )
        }
        try validateSteps(isAvailable: &isAvailable, isWritable: &isWritable)
        for (index, value) in values.enumerated() where !isAvailable[index] {
            guard case .binding(let binding) = value.kind else { continue }
            throw .malformed(
                what: "output",
                location: "binding '\(bindings[binding].name)'",
                got: "no step that writes it",
                expected: "exactly one"
            )
        }
    }

    private func validateSteps(isAvailable: inout [Bool], isWritable: inout [Bool]) throws(PlanError) {
        guard steps.count <= PlanFormat.maximumStepCount else {
            throw .malformed(
                what: "number of steps",
                location: "plan '\(name)'",
                got: "\(steps.count)",
                expected: "at most \(PlanFormat.maximumStepCount)"
            )
        }
        for (index, step) in steps.enumerated() {
            let location = "step \(index) '\(step.name)'"
            for case let input? in step.inputs {
                guard values.indices.contains(input), isAvailable[input] else {
                    throw .malformed(
                        what: "input",
                        location: location,
                        got: "value \(input)",
                        expected: "a value that is written before it is read"
                    )
                }
            }
            for case let output? in step.outputs {
                guard values.indices.contains(output), isWritable[output] else {
                    throw .malformed(
                        what: "output",
                        location: location,
                        got: "value \(output)",
                        expected: "a value that is written by this step only"
                    )
                }
                isWritable[output] = false
                isAvailable[output] = true
            }
        }
    }
}
