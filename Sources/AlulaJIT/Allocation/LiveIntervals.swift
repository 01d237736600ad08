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

/// Computes live intervals, one per variable, conservative over loops: a variable that is alive on entry to a loop and
/// touched inside stays alive until the loop ends, since the next round may need it.
struct LiveIntervals {
    /// Sorted by start, then by variable.
    private(set) var intervals: [LiveInterval]

    private let program: KernelProgram
    /// By variable.
    private var found: [LiveInterval?]
    /// By variable: the last loop, outermost first, that it was touched in while alive on entry.
    private var lastLoop: [Int?]
    /// Open loops and conditions, outermost first: the step that opened them, and a loop's counter.
    private var open: [(begin: Int, counter: Variable?)] = []
    /// By opening step of a loop: its closing step.
    private var loopEnds: [Int: Int] = [:]

    /// - Throws: ``JITError/readBeforeWrite(kernel:variable:position:)``,
    ///   ``JITError/invalidProgram(kernel:reason:)`` for borders that do not nest.
    init(_ program: KernelProgram) throws(JITError) {
        self.program = program
        found = Array(repeating: nil, count: program.variableNames.count)
        lastLoop = Array(repeating: nil, count: program.variableNames.count)
        found[program.arguments.id] = LiveInterval(variable: program.arguments, start: -1, end: -1)
        intervals = []
        for (index, step) in program.steps.enumerated() { try visit(step, index) }
        guard open.isEmpty else {
            throw .invalidProgram(kernel: program.name, reason: "\(open.count) loops or conditions are not closed")
        }
        let extended = found.indices.compactMap { id -> LiveInterval? in
            guard var interval = found[id] else { return nil }
            if let loop = lastLoop[id], let end = loopEnds[loop] { interval.end = max(interval.end, 2 * end + 1) }
            return interval
        }
        intervals = extended.sorted { ($0.start, $0.variable.id) < ($1.start, $1.variable.id) }
    }

    private mutating func visit(_ step: KernelProgram.Step, _ index: Int) throws(JITError) {
        for variable in step.reads {
            guard found[variable.id] != nil else {
                throw .readBeforeWrite(
                    kernel: program.name,
                    variable: program.name(of: variable),
                    position: "step \(index): \(program.text(of: step))"
                )
            }
            touch(variable, at: 2 * index)
        }
        if let variable = step.writes {
            if found[variable.id] == nil {
                var start = 2 * index + 1
                if case .operation(let operation) = step, operation.clobbersEarly { start -= 1 }
                found[variable.id] = LiveInterval(variable: variable, start: start, end: start)
            }
            touch(variable, at: 2 * index + 1)
        }
        try nest(step, index)
    }

    private mutating func touch(_ variable: Variable, at position: Int) {
        guard let start = found[variable.id]?.start else { return }
        found[variable.id]?.end = position
        if let loop = open.first(where: { $0.counter != nil && start < 2 * $0.begin }) {
            lastLoop[variable.id] = loop.begin
        }
    }

    private mutating func nest(_ step: KernelProgram.Step, _ index: Int) throws(JITError) {
        switch step {
        case .operation: break
        case .loopBegin(let counter, _): open.append((index, counter))
        case .conditionBegin: open.append((index, nil))
        case .loopEnd, .conditionEnd:
            guard let border = open.popLast() else {
                throw .invalidProgram(kernel: program.name, reason: "step \(index) closes nothing")
            }
            guard let counter = border.counter else { break }
            loopEnds[border.begin] = index
            touch(counter, at: 2 * index + 1)  // the counter is read at the end of every round
        case .otherwise:
            guard let border = open.last, border.counter == nil else {
                throw .invalidProgram(kernel: program.name, reason: "step \(index) is outside a condition")
            }
        }
    }
}
