// SPDX-License-Identifier: Apache-2.0

/// A kernel over virtual registers: what generators build, emitters lower and the interpreter runs.
///
/// It is called with one address, that of an argument structure, in ``arguments``.
package struct KernelProgram: Sendable, Hashable {
    /// One step, or a border of a loop or condition. Borders nest.
    package enum Step: Sendable, Hashable {
        case operation(Operation)
        /// Repeats up to the matching ``loopEnd`` `count` times; `counter` counts down to 1. Zero times if `count <= 0`.
        case loopBegin(counter: Variable, count: IntegerOperand)
        case loopEnd
        /// Runs up to the matching ``otherwise`` or ``conditionEnd`` if the question is answered yes.
        case conditionBegin(Variable, IntegerPredicate, IntegerOperand)
        case otherwise
        case conditionEnd
    }

    /// The kernel identifier: `<dtype>_<kernel>_<tile>[_<epilogue>]`.
    package let name: String
    /// Elements in a vector.
    package let lanes: Int
    /// Holds the address of the argument structure on entry.
    package let arguments: Variable
    /// In order of execution.
    package let steps: [Step]
    /// What generators call their variables, by ``Variable/id``.
    package let variableNames: [String]

    /// The name of `variable`.
    package func name(of variable: Variable) -> String { variableNames[variable.id] }
}

extension KernelProgram.Step {
    /// The variables the step reads.
    package var reads: [Variable] {
        switch self {
        case .operation(let operation): operation.reads
        case .loopBegin(_, let count): count.reads
        case .conditionBegin(let left, _, let right): [left] + right.reads
        case .loopEnd, .otherwise, .conditionEnd: []
        }
    }

    /// The variable the step writes.
    package var writes: Variable? {
        switch self {
        case .operation(let operation): operation.writes
        case .loopBegin(let counter, _): counter
        case .conditionBegin, .loopEnd, .otherwise, .conditionEnd: nil
        }
    }
}

extension KernelProgram: CustomStringConvertible {
    /// The program as text, one step a line, indented by nesting.
    package var description: String {
        var depth = 1
        var lines = ["\(name) lanes=\(lanes)"]
        for step in steps {
            switch step {
            case .loopEnd, .otherwise, .conditionEnd: depth -= 1
            default: break
            }
            lines.append(String(repeating: "  ", count: depth) + text(of: step))
            switch step {
            case .loopBegin, .conditionBegin, .otherwise: depth += 1
            default: break
            }
        }
        return lines.joined(separator: "\n")
    }
}
