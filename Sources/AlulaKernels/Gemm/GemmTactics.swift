// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// What generated matrix products can do about a problem.
package enum GemmTactics {
    /// The tactics for `MatMul` and `Gemm` of float32, alone or fused.
    @Sendable
    package static func tactics(for problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, problem.inputs.count <= KernelOperands.inputLimit,
            let product = GemmProblem(problem)
        else { return [] }
        let blocking = GemmBlocking.best(product.descriptor, target, epilogue: product.epilogue)
        let schedule = GemmSchedule(product.descriptor, blocking, epilogue: product.epilogue, lanes: target.lanes)
        return [
            KernelTactic(
                "gemm \(blocking.tile.rows)x\(blocking.tile.vectors)",
                estimatedNanoseconds: product.estimatedNanoseconds(blocking, target)
            ) {
                do throws(JITError) {
                    return try GemmKernel(schedule, chain: product.chain, target: target, cache: .shared)
                } catch {
                    assertionFailure("\(error)")  // the tile was chosen to fit
                    return nil
                }
            }
        ]
    }
}

/// A product with what surrounds it.
private struct GemmProblem {
    let descriptor: GemmDescriptor
    let epilogue: Epilogue
    /// Stages without generated code; all of them or none.
    let chain: StageChain

    /// Nil where generated code does not cover the problem.
    init?(_ problem: KernelProblem) {
        guard let fused = FusedProblem(problem.operation, problem.inputs, problem.outputs),
            let src = fused.floatInput(0), let weights = fused.floatInput(1),
            let descriptor = Self.descriptor(fused.producer, src, weights, problem.isConstant(1)),
            descriptor.rejection == nil
        else { return nil }
        self.descriptor = descriptor
        var stages = (problem.operation as? Fused)?.stages ?? []
        var alpha: Float = 1
        if let gemm = fused.producer as? Gemm {
            alpha = gemm.alpha
            if fused.inputs.count > 2, fused.inputs[2] != nil {
                guard gemm.beta == 1 else { return nil }
                stages.insert(Fused.Stage(Add(), operandInput: 2), at: 0)
            }
        }
        let shape = fused.output.shape
        let epilogue = Epilogue(
            stages: stages,
            inputs: problem.inputs,
            constants: problem.constants,
            output: shape,
            channelAxis: shape.rank - 1
        )
        // Operands of a product of one column do not vary along the last axis, which may be another.
        if let epilogue, epilogue.isSupported, descriptor.n > 1 || epilogue.memoryOperands.isEmpty {
            self.epilogue = Epilogue(scale: alpha, then: epilogue)
            chain = StageChain()
        } else {
            guard let chain = StageChain(stages, inputs: problem.inputs, shape: shape) else { return nil }
            self.epilogue = Epilogue(scale: alpha, then: Epilogue())
            self.chain = chain
        }
    }

    private static func descriptor(
        _ operation: any Operator,
        _ src: Shape,
        _ weights: Shape,
        _ areWeightsConstant: Bool
    ) -> GemmDescriptor? {
        switch operation {
        case is MatMul:
            return MatMulGeometry(src: src, weights: weights).map {
                GemmDescriptor($0, areWeightsConstant: areWeightsConstant)
            }
        case let gemm as Gemm:
            return gemm.extents(src: src, weights: weights).map {
                GemmDescriptor(gemm, $0, areWeightsConstant: areWeightsConstant)
            }
        default: return nil
        }
    }

    /// The cost model's cycles at an ordinary clock, or the time weights take to arrive.
    func estimatedNanoseconds(_ blocking: GemmBlocking, _ target: VectorTarget) -> Double {
        let cyclesPerNanosecond = 2.7
        let bytesPerNanosecond = 10.0
        let terms = Double(descriptor.k * descriptor.batchCount)
        let arithmetic = terms * descriptor.cycles(blocking.tile, target.lanes) / cyclesPerNanosecond
        let weights = Double(descriptor.n * 4) * terms / bytesPerNanosecond
        return max(arithmetic, weights) + 1000
    }
}

extension Epilogue {
    /// A multiplication by `scale`, left out where it is 1, before the stages of `epilogue`.
    fileprivate init(scale: Float, then epilogue: Epilogue) {
        self = epilogue
        guard scale != 1 else { return }
        operands.append(Operand(input: -1, extent: .number(scale)))
        stages.insert(.combine(.multiply, operand: operands.count - 1), at: 0)
    }

    /// Whether a matrix product's code has room for the operands.
    fileprivate var isSupported: Bool {
        memoryOperands.count <= GemmArguments.operandLimit && !operands.contains { $0.extent == .imageChannel }
    }
}
