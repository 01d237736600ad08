// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
package import AlulaOperators
package import AlulaTensor

/// The operands of an epilogue as a kernel with blocked dst gets them: tensors in blocked layout, or constants packed into
/// it beforehand.
package struct BlockedOperands: Sendable {
    package let epilogue: Epilogue
    private let output: Shape
    private let lanes: Int
    /// By operand number: its content, packed.
    private var constants: [HeldConstant?]

    /// - Parameter output: the shape of dst, `[N, C, …]`.
    package init(_ epilogue: Epilogue, output: Shape, lanes: Int) {
        self.epilogue = epilogue
        self.output = output
        self.lanes = lanes
        constants = epilogue.operands.map { _ in nil }
    }

    private struct Packing: Hashable, Sendable {
        let extent: Epilogue.Extent
        let output: Shape
        let lanes: Int
    }

    /// The same with the operands that are known packed.
    package func prepared(constants known: [Tensor?], packed: PackedConstants) -> BlockedOperands {
        var copy = self
        for index in epilogue.memoryOperands {
            let operand = epilogue.operands[index]
            guard known.indices.contains(operand.input), let constant = known[operand.input] else { continue }
            let packing = Packing(extent: operand.extent, output: output, lanes: lanes)
            copy.constants[index] = HeldConstant(
                packed.tensor(constant, as: packing) { self.packed($0, operand.extent) }
            )
        }
        return copy
    }

    /// A planar constant in blocked layout.
    private func packed(_ constant: Tensor, _ extent: Epilogue.Extent) -> Tensor {
        let planar: Shape
        switch extent {
        case .full: planar = [output[0], output[1], 1, output.elementCount(in: 2..<output.rank)]
        case .channel: planar = [1, output[1], 1, 1]
        case .imageChannel: planar = [output[0], output[1], 1, 1]
        case .number, .scalar, .row: return constant
        }
        return BlockedLayout(lanes: lanes).blocked(constant.reshaped(to: planar))
    }

    /// Inputs like dst that are read where dst is written, each vector right before: their memory can be dst's.
    package var inputsThatMayBeOverwritten: [Int] {
        epilogue.operands.filter { $0.extent == .full }.map(\.input)
    }

    /// Where the operands begin.
    package func addresses(_ operands: KernelOperands) -> EpilogueArguments {
        var arguments = EpilogueArguments()
        for index in constants.indices {
            arguments[index] = constants[index]?.address ?? operands.input(epilogue.operands[index].input).address
        }
        return arguments
    }
}

extension Epilogue {
    /// The stages that follow a producer with blocked dst; nil when one of them has no code there.
    package init?(blocked stages: [Fused.Stage], _ problem: KernelProblem) {
        guard let output = problem.outputs.first?.shape, output.rank >= 2,
            problem.inputs.count <= KernelOperands.inputLimit
        else { return nil }
        self.init(
            stages: stages,
            inputs: problem.inputs,
            constants: problem.constants,
            output: output,
            channelAxis: 1
        )
        guard blockedRejection == nil else { return nil }
        // Lanes behind the last channel must stay finite: a division there is one by nothing.
        if let lanes = problem.target?.lanes, output[1] % lanes != 0, !keepsFinite { return nil }
        for operand in operands where !problem.isConstant(operand.input) {
            // Blocked layout is about the second axis, so that must be the channels of operands, too.
            guard operand.extent != .scalar, let shape = problem.inputs[operand.input]?.shape else { continue }
            guard shape.rank == output.rank, operand.extent != .full || shape == output else { return nil }
        }
    }

    /// `layouts` of a producer's inputs with those of the operands, which are blocked where they have channels.
    package func inputLayouts(_ layouts: [TensorLayout], _ problem: KernelProblem) -> [TensorLayout] {
        var result = problem.inputs.indices.map { layouts.indices.contains($0) ? layouts[$0] : .planar }
        for operand in operands {
            switch operand.extent {
            case .channel, .imageChannel, .full: result[operand.input] = problem.blockedLayout ?? .planar
            case .number, .scalar, .row: break
            }
        }
        return result
    }
}
