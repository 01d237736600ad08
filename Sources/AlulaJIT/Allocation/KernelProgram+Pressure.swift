// SPDX-License-Identifier: Apache-2.0

extension KernelProgram {
    /// The most vector registers that are alive at one time, not counting what the emitter's own sequences need; masks
    /// are counted where they are vectors.
    ///
    /// Generators size their tiles by it: how many registers a piece of code leaves them.
    /// - Throws: ``JITError/readBeforeWrite(kernel:variable:position:)``, ``JITError/invalidProgram(kernel:reason:)``.
    package func vectorPressure(target: VectorTarget) throws(JITError) -> Int {
        let rivals = try LiveIntervals(self).intervals.filter { interval in
            switch interval.variable.kind {
            case .vector: true
            case .mask: target.masksAreVectors
            case .integer: false
            }
        }
        return rivals.map { rival in rivals.count { $0.start <= rival.start && rival.start <= $0.end } }.max() ?? 0
    }
}
