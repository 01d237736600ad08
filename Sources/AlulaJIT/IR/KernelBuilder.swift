// SPDX-License-Identifier: Apache-2.0

/// What a generator speaks to. It records steps; nothing runs and no instruction set is known.
///
/// Variables are virtual registers that can be written again; loops and conditions are closures, so nesting in Swift is
/// nesting in the kernel. By convention the destination comes first, as in a formula.
///
/// Not `Sendable`: one builder belongs to one generator run.
package final class KernelBuilder {
    /// How long vectors are and how many there are; everything else about the machine is hidden.
    package let target: VectorTarget
    /// The address of the argument structure.
    package let arguments: IntegerVariable

    private let name: String
    private var steps: [KernelProgram.Step] = []
    private var variableNames: [String] = []

    /// - Parameter name: the kernel identifier, `<dtype>_<kernel>_<tile>[_<epilogue>]`; shown by profilers.
    package init(name: String, target: VectorTarget) {
        self.name = name
        self.target = target
        variableNames = ["arguments"]
        arguments = IntegerVariable(variable: Variable(id: 0, kind: .integer))
    }

    /// Elements in a vector.
    package var lanes: Int { target.lanes }
    /// Bytes in a vector of 32-bit elements.
    package var vectorByteCount: Int { target.lanes * 4 }

    /// The finished program.
    package func finish() -> KernelProgram {
        KernelProgram(
            name: name,
            lanes: lanes,
            arguments: arguments.variable,
            steps: steps,
            variableNames: variableNames
        )
    }

    // MARK: Variables

    /// A new integer named for its role.
    package func integer(_ role: String) -> IntegerVariable { IntegerVariable(variable: make(role, .integer)) }
    /// A new vector of floats named for its role.
    package func floats(_ role: String) -> FloatVector { FloatVector(variable: make(role, .vector)) }
    /// A new vector of integers named for its role.
    package func integers(_ role: String) -> IntegerVector { IntegerVector(variable: make(role, .vector)) }
    /// A new mask named for its role.
    package func mask(_ role: String) -> LaneMask { LaneMask(variable: make(role, .mask)) }

    private func make(_ role: String, _ kind: Variable.Kind) -> Variable {
        variableNames.append(role)
        return Variable(id: variableNames.count - 1, kind: kind)
    }

    /// Records one operation.
    func append(_ operation: Operation) { steps.append(.operation(operation)) }

    // MARK: Control

    /// Repeats `body` `count` times; not at all if `count` is zero or negative.
    ///
    /// - Parameter body: gets the number of repetitions left, this one included.
    package func loop(_ role: String, count: some IntegerValue, _ body: (_ left: IntegerVariable) -> Void) {
        if case .constant(let times) = count.integerOperand, times <= 0 { return }
        let counter = integer(role)
        steps.append(.loopBegin(counter: counter.variable, count: count.integerOperand))
        body(counter)
        steps.append(.loopEnd)
    }

    /// Runs `body` if `left predicate right`, else `otherwise`.
    package func when(
        _ left: IntegerVariable,
        _ predicate: IntegerPredicate,
        _ right: some IntegerValue,
        _ body: () -> Void,
        otherwise: (() -> Void)? = nil
    ) {
        steps.append(.conditionBegin(left.variable, predicate, right.integerOperand))
        body()
        if let otherwise {
            steps.append(.otherwise)
            otherwise()
        }
        steps.append(.conditionEnd)
    }
}
