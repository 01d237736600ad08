// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaTensor

extension ExpressionKernel {
    /// One pass over planar tensors, and one over blocked tensors where the result has channels.
    @Sendable
    package static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let expression = Expression(problem) else { return [] }
        var tactics = [
            KernelTactic("expression", estimatedNanoseconds: expression.estimatedNanoseconds) {
                try? ExpressionKernel(expression, target: target)
            }
        ]
        if let blocked = BlockedExpression(expression, problem, lanes: target.lanes) {
            tactics.append(
                KernelTactic(
                    "expression blocked",
                    inputLayouts: blocked.inputLayouts,
                    outputLayout: .blocked(lanes: target.lanes),
                    estimatedNanoseconds: blocked.expression.estimatedNanoseconds
                ) {
                    try? ExpressionKernel(blocked.expression, packing: blocked.packing, target: target)
                }
            )
        }
        return tactics
    }

    /// The kernel on planar tensors as the interpreter runs it, for tests: quick code it is not.
    package static func interpreted(_ problem: KernelProblem) -> (any Kernel)? {
        Expression(problem).flatMap { try? ExpressionKernel($0, target: nil) }
    }
}

extension Expression {
    /// What one thread is expected to take: the larger of memory traffic and arithmetic.
    var estimatedNanoseconds: Double {
        let bytesPerNanosecond = 10.0
        let simple = 0.03  // nanoseconds an element
        let transcendental = 0.3
        let elements = Double(shape.elementCount)
        let byteCount = operands.reduce(Double(dstElement.byteCount) * elements) {
            $0 + Double($1.shape.elementCount * $1.element.byteCount)
        }
        let work = epilogue.stages.reduce(0) { sum, stage in
            if case .function(let function) = stage, function.isTranscendental { return sum + transcendental }
            return sum + simple
        }
        return max(byteCount / bytesPerNanosecond, elements * work) + 300
    }
}

/// An expression over tensors in blocked layout: the same stages over stored shapes.
struct BlockedExpression {
    private(set) var expression: Expression
    private(set) var packing: [ExpressionPacking] = []
    private(set) var inputLayouts: [TensorLayout]

    /// Nil where the result has no channels to block, or an operand no order that fits.
    init?(_ planar: Expression, _ problem: KernelProblem, lanes: Int) {
        let shape = planar.shape
        let layout = TensorLayout.blocked(lanes: lanes)
        guard shape.rank >= 3, shape[1] > 1, layout.normalized(for: shape) != .planar, planar.dstElement == .word,
            planar.operands.allSatisfy({ $0.element == .word })
        else { return nil }
        expression = planar
        inputLayouts = problem.inputs.map { _ in .planar }
        expression.shape = layout.storedShape(shape)
        for index in planar.operands.indices {
            guard block(index, of: planar, problem, lanes) else { return nil }
        }
        guard shape[1] % lanes != 0, !expression.epilogue.keepsFinite else { return }
        // Lanes without meaning must stay finite.
        let stored = layout.storedShape(Shape([1, shape[1]] + Array(repeating: 1, count: shape.rank - 2)))
        packing.append(.laneMask(channels: shape[1], lanes: lanes))
        let mask = expression.position(.init(source: .packed(packing.count - 1), shape: stored))
        let condition = expression.epilogue.number(of: .init(input: mask, extent: .full))
        let zero = expression.epilogue.number(of: .init(input: -1, extent: .number(0)))
        expression.epilogue.stages.append(.select(condition: condition, otherwise: zero, keepsWhereTrue: true))
        guard expression.operands.count <= ExpressionArguments.operandLimit else { return nil }
    }

    private mutating func block(_ index: Int, of planar: Expression, _ problem: KernelProblem, _ lanes: Int) -> Bool {
        let operand = planar.operands[index]
        guard case .input(let input) = operand.source else { return false }
        let missing = planar.shape.rank - operand.shape.rank
        let aligned = Shape(Array(repeating: 1, count: missing) + operand.shape.extents)
        guard aligned[1] > 1 else {
            expression.operands[index].shape = Shape(aligned.extents + [1])
            return true
        }
        let layout = TensorLayout.blocked(lanes: lanes)
        expression.operands[index].shape = layout.storedShape(aligned)
        // A channel at a single place lies alike in both layouts, if the channels fill the blocks.
        if layout.normalized(for: aligned) == .planar { return true }
        if problem.isConstant(input) {
            packing.append(.blocked(input: input, aligned: aligned, lanes: lanes))
            expression.operands[index].source = .packed(packing.count - 1)
            return true
        }
        guard problem.inputs[input]?.shape == aligned else { return false }
        inputLayouts[input] = layout
        return true
    }
}
