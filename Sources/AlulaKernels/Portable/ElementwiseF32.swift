// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Any chain of elementwise float32 operators with broadcasting, in one pass over memory: a piece of the output is
/// loaded, taken through all stages while in L1, and left.
struct ElementwiseF32: Kernel {
    let identifier: String
    private let chain: StageChain
    private let split: PartSplit
    /// Elements of a piece: 8 KiB of output beside as much of each operand fit L1.
    private static let pieceLength = 2048

    /// A kernel for one operator or a fused chain whose producer is elementwise; nil where a stage has no kernel.
    @Sendable
    static func make(_ operation: any Operator, _ inputs: [TensorType?], _ outputs: [TensorType]) -> (any Kernel)? {
        guard let output = outputs.first, output.dataType == .float32, output.shape.elementCount > 0 else { return nil }
        let fused = operation as? Fused
        let producer = fused?.producer ?? operation
        let count = fused?.producerInputCount ?? inputs.count
        guard let stages = stages(producer, inputCount: count),
            let chain = StageChain(
                stages + (fused?.stages ?? []),
                inputs: inputs,
                shape: output.shape,
                loadsFirstInput: true
            )
        else { return nil }
        return ElementwiseF32(chain, output.shape, stageCount: stages.count + (fused?.stages.count ?? 0))
    }

    /// The producer as stages on its own first input; nil when it is not elementwise.
    private static func stages(_ producer: any Operator, inputCount: Int) -> [Fused.Stage]? {
        switch producer {
        case is Identity:
            return inputCount == 1 ? [] : nil
        case is Add, is Sub, is Mul, is Div, is PRelu:
            return inputCount == 2 ? [Fused.Stage(producer, operandInput: 1)] : nil
        case is Sum:
            return (1..<max(inputCount, 1)).map { Fused.Stage(Add(), operandInput: $0) }
        case is Max, is Min:
            return (1..<max(inputCount, 1)).map { Fused.Stage(producer, operandInput: $0) }
        case is any ElementwiseOperator:
            return inputCount == 1 ? [Fused.Stage(producer)] : nil
        default:
            return nil
        }
    }

    private init(_ chain: StageChain, _ shape: Shape, stageCount: Int) {
        self.chain = chain
        split = PartSplit(count: shape.elementCount, cost: max(stageCount, 1))
        identifier = "f32_elementwise_\(stageCount)stages__portable"
    }

    var acceptsStridedOutput: Bool { true }
    var partCount: Int { split.partCount }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let dst = outputs[0] else { return }
        dst.forEachPiece(of: split.range(part), limit: Self.pieceLength) { piece, start in
            chain.apply(to: &piece, startingAt: start, inputs: inputs)
        }
    }
}
