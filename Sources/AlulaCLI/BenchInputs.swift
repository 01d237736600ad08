// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The content of an engine's inputs for a benchmark: loaded from files or seeded random numbers.
enum BenchInputs {
    /// One tensor an input, batch included, checked against the engine's bindings.
    ///
    /// - Parameters:
    ///   - loaded: tensors from `--load-inputs`.
    ///   - shapes: shapes from `--shapes`, for inputs that are not loaded.
    static func make(
        for plan: Plan,
        loaded: [String: Tensor],
        shapes: [String: Shape],
        batch: Int
    ) throws(CommandError) -> [String: Tensor] {
        try checkNames(loaded.keys.sorted(), of: plan)
        let full = try plan.fullInputShapes(shapes)
        var inputs: [String: Tensor] = [:]
        for (index, binding) in plan.bindings.enumerated() where binding.mode == .input {
            var shape = full[index]
            if case .implicit = plan.batchMode { shape = Shape([batch] + shape.extents.dropFirst()) }
            let isFree = binding.dimensions?.contains { $0.extent == nil } ?? true
            guard let tensor = loaded[binding.name] else {
                inputs[binding.name] = randomTensor(TensorType(binding.dataType, shape), seed: UInt64(index + 1))
                continue
            }
            let isShapeRight =
                isFree && shapes[binding.name] == nil ? tensor.shape.rank == shape.rank : tensor.shape == shape
            guard tensor.dataType == binding.dataType, isShapeRight else {
                throw .badOption(
                    option: "--load-inputs",
                    got: "\(tensor.type) for input '\(binding.name)'",
                    expected: "\(TensorType(binding.dataType, shape))"
                )
            }
            inputs[binding.name] = tensor
        }
        return inputs
    }

    private static func checkNames(_ names: [String], of plan: Plan) throws(CommandError) {
        let known = plan.bindings.filter { $0.mode == .input }.map(\.name)
        for name in names where !known.contains(name) {
            throw .badOption(
                option: "--load-inputs",
                got: "input '\(name)'",
                expected: "one of \(known.joined(separator: ", "))"
            )
        }
    }
}
