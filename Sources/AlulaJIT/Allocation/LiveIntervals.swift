// SPDX-License-Identifier: Apache-2.0

/// The stretch of a program over which a variable needs a register.
///
/// Step `i` reads at position `2i` and writes at `2i + 1`, so a destination may take over the register of a source that
/// is read there for the last time.
struct LiveInterval: Hashable {
    let variable: Variable
    var start: Int
    var end: Int
}

/// Computes live intervals, one per variable, conservative over loops.
struct LiveIntervals {
    /// Sorted by start, then by variable.
    let intervals: [LiveInterval]

    /// - Throws: ``JITError/readBeforeWrite(kernel:variable:position:)``,
    ///   ``JITError/invalidProgram(kernel:reason:)`` for borders that do not nest.
    init(_ program: KernelProgram) throws(JITError) {
        var found: [Variable: LiveInterval] = [
            program.arguments: LiveInterval(variable: program.arguments, start: -1, end: -1)
        ]
        var references: [Variable: [Int]] = [:]
        for (index, step) in program.steps.enumerated() {
            for variable in step.reads {
                guard found[variable] != nil else {
                    throw .readBeforeWrite(
                        kernel: program.name,
                        variable: program.name(of: variable),
                        position: "step \(index): \(program.text(of: step))"
                    )
                }
                found[variable]?.end = 2 * index
                references[variable, default: []].append(index)
            }
            if let variable = step.writes {
                var start = 2 * index + 1
                if case .operation(let operation) = step, operation.clobbersEarly { start -= 1 }
                found[variable, default: LiveInterval(variable: variable, start: start, end: start)].end =
                    2 * index + 1
                references[variable, default: []].append(index)
            }
        }
        for loop in try Self.loops(program) {
            // The counter is read at the end of every round.
            if let counter = found[loop.counter] {
                found[loop.counter]?.end = max(counter.end, 2 * loop.end + 1)
            }
            for (variable, positions) in references {
                guard let interval = found[variable], interval.start < 2 * loop.begin,
                    positions.contains(where: { loop.begin < $0 && $0 < loop.end })
                else { continue }
                // Alive on entry and touched inside: the next round may need it.
                found[variable]?.end = max(interval.end, 2 * loop.end + 1)
            }
        }
        intervals = found.values.sorted { ($0.start, $0.variable.id) < ($1.start, $1.variable.id) }
    }

    /// The loops of a program as pairs of step indices.
    private static func loops(
        _ program: KernelProgram
    ) throws(JITError) -> [(begin: Int, end: Int, counter: Variable)] {
        var open: [(begin: Int, counter: Variable?)] = []
        var closed: [(begin: Int, end: Int, counter: Variable)] = []
        for (index, step) in program.steps.enumerated() {
            switch step {
            case .operation: break
            case .loopBegin(let counter, _): open.append((index, counter))
            case .conditionBegin: open.append((index, nil))
            case .loopEnd, .conditionEnd:
                guard let border = open.popLast() else {
                    throw .invalidProgram(kernel: program.name, reason: "step \(index) closes nothing")
                }
                if let counter = border.counter { closed.append((border.begin, index, counter)) }
            case .otherwise:
                guard let border = open.last, border.counter == nil else {
                    throw .invalidProgram(kernel: program.name, reason: "step \(index) is outside a condition")
                }
            }
        }
        guard open.isEmpty else {
            throw .invalidProgram(kernel: program.name, reason: "\(open.count) loops or conditions are not closed")
        }
        return closed
    }
}
