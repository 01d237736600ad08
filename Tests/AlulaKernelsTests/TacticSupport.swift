// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// One step with concrete operands, to run tactics on and compare with the scalar reference.
struct TacticProblem {
    let operation: any Operator
    let inputs: [Tensor?]
    /// Inputs whose content tactics may know.
    var constantInputs: Set<Int> = []
    /// Allowed difference, relative to the largest finite magnitude of the expected output.
    var tolerance = 1e-6

    /// The problem as tactics see it.
    func problem(target: VectorTarget?) throws -> KernelProblem {
        KernelProblem(
            operation,
            inputs: inputs.map { $0?.type },
            outputs: try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } }),
            constants: constants,
            target: target
        )
    }

    private var constants: [Tensor?] {
        inputs.indices.map { constantInputs.contains($0) ? inputs[$0] : nil }
    }

    private func reference() throws -> [Tensor] {
        let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let expected = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try operation.evaluate(inputs, into: expected)
        return expected
    }

    /// Runs every tactic of `tactics` and compares the results with the scalar reference.
    /// - Returns: the names of the tactics that ran.
    @discardableResult func check(
        _ tactics: (KernelProblem) -> [KernelTactic],
        target: VectorTarget?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        try tactics(try problem(target: target)).map { tactic in
            let kernel = try #require(tactic.make(), "\(tactic.name) on \(text)", sourceLocation: sourceLocation)
            try check(kernel, tactic.inputLayouts, tactic.outputLayout, sourceLocation: sourceLocation)
            return tactic.name
        }
    }

    /// Runs `kernel` with parts in random order, into memory with gaps, and over inputs it may overwrite.
    func check(
        _ kernel: any Kernel,
        _ inputLayouts: [TensorLayout] = [],
        _ outputLayout: TensorLayout = .planar,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try reference()
        let kernel = kernel.prepared(constants: constants, packed: PackedConstants())
        func stored() -> [Tensor?] {
            inputs.indices.map { index in
                guard inputLayouts.indices.contains(index), !constantInputs.contains(index) else {
                    return inputs[index]?.copied
                }
                return inputs[index]?.stored(in: inputLayouts[index])
            }
        }
        let type = TensorType(expected[0].dataType, outputLayout.storedShape(expected[0].shape))
        func run(_ first: Tensor, _ inputs: [Tensor?], _ how: String) {
            let others = expected.dropFirst().map { Tensor(zeros: $0.dataType, shape: $0.shape) }
            var random = SeededRandom(seed: 5)
            for part in (0..<kernel.partCount).shuffled(using: &random) {
                kernel.run(part: part, inputs: inputs, outputs: [first] + others)
            }
            let label = "\(kernel.identifier) on \(text)\(how)"
            let contents = Tensor(zeros: first.dataType, shape: first.shape)
            contents.copyElements(from: first)
            compare(contents.planar(from: outputLayout, expected[0].shape), expected[0], label, sourceLocation)
            for (got, wanted) in zip(others, expected.dropFirst()) { compare(got, wanted, label, sourceLocation) }
            guard outputLayout != .planar, expected[0].doubles().allSatisfy(\.isFinite) else { return }
            let isFinite = contents.doubles().allSatisfy(\.isFinite)
            #expect(isFinite, "\(label): padding", sourceLocation: sourceLocation)
        }
        run(.unwritten(type), stored(), "")
        if kernel.acceptsStridedOutput, type.shape.rank > 1, let gaps = Tensor.withGaps(type) {
            run(gaps, stored(), " with gaps")
        }
        for index in kernel.inputsThatMayBeOverwritten where !constantInputs.contains(index) {
            let operands = stored()
            guard let dst = operands[index] else { continue }
            #expect(dst.type == type, sourceLocation: sourceLocation)
            run(dst, operands, " in place of input \(index)")
        }
    }

    private var text: String { "\(operation.described.text) \(inputs.map { $0?.shape.description ?? "_" })" }

    private func compare(_ got: Tensor, _ expected: Tensor, _ label: String, _ sourceLocation: SourceLocation) {
        let (left, right) = (got.doubles(), expected.doubles())
        let scale = max(1e-30, right.lazy.filter(\.isFinite).map(abs).max() ?? 1)
        for index in left.indices {
            let (a, b) = (left[index], right[index])
            if a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * scale { continue }
            Issue.record("\(label): element \(index): got \(a), expected \(b)", sourceLocation: sourceLocation)
            return
        }
    }
}

extension Tensor {
    /// The same elements elsewhere.
    var copied: Tensor {
        let copy = Tensor(zeros: dataType, shape: shape)
        copy.copyElements(from: self)
        return copy
    }

    /// This planar float tensor's elements in `layout`; NaN never gets between them, 0.5 lies in lanes without meaning.
    func stored(in layout: TensorLayout) -> Tensor {
        guard case .blocked(let lanes) = layout.normalized(for: shape) else { return copied }
        let result = Tensor(zeros: .float32, shape: layout.storedShape(shape))
        var target = result.mutableSpan(of: Float.self)
        for index in 0..<target.count { target[index] = 0.5 }
        let source = span(of: Float.self)
        for index in 0..<source.count { target[blockedIndex(index, lanes)] = source[index] }
        return result
    }

    /// The elements of this tensor, stored in `layout`, in planar order.
    func planar(from layout: TensorLayout, _ shape: Shape) -> Tensor {
        guard case .blocked(let lanes) = layout.normalized(for: shape) else { return reshaped(to: shape) }
        let result = Tensor(zeros: .float32, shape: shape)
        var target = result.mutableSpan(of: Float.self)
        let source = span(of: Float.self)
        for index in 0..<target.count { target[index] = source[result.blockedIndex(index, lanes)] }
        return result
    }

    /// Where element `index` of a planar tensor of this shape lies in blocked layout.
    private func blockedIndex(_ index: Int, _ lanes: Int) -> Int {
        let positions = shape.elementCount(in: 2..<shape.rank)
        let (plane, position) = index.quotientAndRemainder(dividingBy: positions)
        let (image, channel) = plane.quotientAndRemainder(dividingBy: shape[1])
        let blocks = (shape[1] + lanes - 1) / lanes
        return ((image * blocks + channel / lanes) * positions + position) * lanes + channel % lanes
    }

    /// A tensor of NaN where it holds floats, so that an element nobody writes shows.
    static func unwritten(_ type: TensorType) -> Tensor {
        let tensor = Tensor(zeros: type.dataType, shape: type.shape)
        guard type.dataType == .float32 else { return tensor }
        var elements = tensor.mutableSpan(of: Float.self)
        for index in 0..<elements.count { elements[index] = .nan }
        return tensor
    }

    /// A tensor with a gap after every index of the outermost axis.
    static func withGaps(_ type: TensorType) -> Tensor? {
        let inner = type.shape.elementCount(in: 1..<type.shape.rank)
        return Tensor(
            dataType: type.dataType,
            shape: type.shape,
            storage: TensorStorage(zeroedByteCount: (inner + 5) * type.shape[0] * type.dataType.byteCount),
            byteOffset: 0,
            outerStrideElements: inner + 5
        )
    }
}
