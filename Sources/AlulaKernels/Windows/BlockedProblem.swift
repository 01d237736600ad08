// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// A step with one blocked src and a blocked dst, alone or fused: float32 with a channel axis and one or two spatial ones.
struct BlockedProblem {
    /// The producer, or the operator itself when nothing is fused.
    let producer: any Operator
    /// The producer's inputs.
    let inputs: [TensorType?]
    /// `[N, C, H, W]`; an axis of extent 1 stands before the only spatial one of rank 3.
    let src: Shape
    /// Likewise.
    let dst: Shape
    let epilogue: Epilogue
    let target: VectorTarget
    let layout: TensorLayout

    /// Reads `problem`; nil where it is something else or more than the first output is used.
    init?(_ problem: KernelProblem) {
        let fused = problem.operation as? Fused
        inputs = fused.map { Array(problem.inputs.prefix($0.producerInputCount)) } ?? problem.inputs
        guard let target = problem.target, let layout = problem.blockedLayout, let src = inputs.first ?? nil,
            let dst = problem.outputs.first, src.dataType == .float32, dst.dataType == .float32,
            (3...4).contains(src.shape.rank), dst.shape.rank == src.shape.rank, src.shape.elementCount > 0,
            dst.shape.elementCount > 0,
            problem.outputs.indices.dropFirst().allSatisfy({ problem.unusedOutputs.contains($0) }),
            let epilogue = Epilogue(blocked: fused?.stages ?? [], problem)
        else { return nil }
        func planes(_ shape: Shape) -> Shape { shape.rank == 4 ? shape : [shape[0], shape[1], 1, shape[2]] }
        producer = fused?.producer ?? problem.operation
        self.src = planes(src.shape)
        self.dst = planes(dst.shape)
        self.epilogue = epilogue
        self.target = target
        self.layout = layout
    }

    /// A tactic that reads src and writes dst in blocked layout.
    func tactic(
        _ name: String,
        _ problem: KernelProblem,
        cycles: Double,
        make: @escaping @Sendable () throws(JITError) -> any Kernel
    ) -> KernelTactic {
        KernelTactic(
            name,
            inputLayouts: epilogue.inputLayouts([layout], problem),
            outputLayout: layout,
            estimatedNanoseconds: cycles / ConvolutionTactics.cyclesPerNanosecond
        ) {
            do throws(JITError) {
                return try make()
            } catch {
                assertionFailure("\(error)")  // tiles are chosen to fit
                return nil
            }
        }
    }
}
