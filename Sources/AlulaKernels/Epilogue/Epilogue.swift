// SPDX-License-Identifier: Apache-2.0

/// What a kernel does to every value of its result before it leaves the registers: the stages of a `Fused` operator, as
/// data a generator can key its code on.
///
/// ``EpilogueEmitter`` emits it. Operands are told apart by how they vary over the output, since that is all generated
/// code depends on; which tensors they are follows from ``Operand/input``.
package struct Epilogue: Hashable, Sendable {
    /// One step on the running value.
    package enum Stage: Hashable, Sendable {
        case function(VectorFunction)
        /// With operand number `operand` of ``Epilogue/operands``.
        case combine(Combination, operand: Int)
        /// The value where the elements of `condition`, integers, are not zero (or are, if not `keepsWhereTrue`); the
        /// elements of `otherwise` elsewhere.
        case select(condition: Int, otherwise: Int, keepsWhereTrue: Bool)
    }

    /// The second operand of a combination.
    package struct Operand: Hashable, Sendable {
        /// Index among the inputs of the fused node.
        package var input: Int
        package var extent: Extent

        package init(input: Int, extent: Extent) {
            self.input = input
            self.extent = extent
        }
    }

    /// How an operand varies over the output.
    package enum Extent: Hashable, Sendable {
        /// One number known when the kernel is made; generators are never asked for it.
        case number(Float)
        /// One element.
        case scalar
        /// One element a channel: the extents are 1 on all axes but the channel axis.
        case channel
        /// One element a channel of every image: as many as the outermost and the channel axis have together.
        case imageChannel
        /// One element for all channels of a place: the extent is 1 on the channel axis and the output's on all others.
        case row
        /// The output's shape.
        case full
    }

    /// In order.
    package var stages: [Stage]
    /// Each input once.
    package var operands: [Operand]

    /// No stages, unless given.
    package init(stages: [Stage] = [], operands: [Operand] = []) {
        self.stages = stages
        self.operands = operands
    }

    /// Whether values leave as they are.
    package var isEmpty: Bool { stages.isEmpty }

    /// Numbers of the operands that lie in memory.
    package var memoryOperands: [Int] {
        operands.indices.filter { index in
            if case .number = operands[index].extent { false } else { true }
        }
    }

    /// Whether a finite value stays finite, unless it overflows: false with a division or a logarithm, say.
    ///
    /// Lanes without meaning must hold finite numbers in blocked layout; where this is false, kernels clear them.
    package var keepsFinite: Bool {
        stages.allSatisfy { stage in
            switch stage {
            case .function(let function): function.keepsFinite
            case .combine(.divide, let operand):
                if case .number(let number) = operands[operand].extent { number != 0 } else { false }
            case .combine(.divideReversed, _): false
            case .combine, .select: true
            }
        }
    }

    /// The epilogue's part of a kernel identifier: `_residual_relu`, `_swish`; empty without stages.
    package var nameSuffix: String {
        stages.map { stage in
            switch stage {
            case .function(let function): "_" + function.name
            case .combine(.add, let operand) where operands[operand].extent == .full: "_residual"
            case .combine(let combination, _): "_" + combination.name
            case .select: "_where"
            }
        }.joined()
    }
}
