// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
internal import AlulaSystem

/// A kernel that does nothing but independent multiply-adds in registers: the ceiling of every other kernel.
package struct MultiplyAddPeak: Sendable {
    /// The field generated code reads.
    private struct Arguments: BitwiseCopyable {
        var roundCount = 0
    }

    private let kernel: ExecutableKernel
    /// Multiplications and additions of one round.
    package let operationsPerRound: Int

    /// Compiles the kernel for `target`.
    package init(target: VectorTarget) throws(JITError) {
        let accumulatorCount = target.vectorRegisterCount - 2
        let unroll = 4  // a few hundred cycles a round, so that the loop does not count
        operationsPerRound = accumulatorCount * unroll * target.lanes * 2
        let jit = KernelBuilder(name: "f32_peak_\(accumulatorCount)", target: target)
        let rounds = jit.argument("rounds", at: MemoryLayout<Arguments>.offset(of: \.roundCount))
        let (a, b) = (jit.floats("a"), jit.floats("b"))
        let accumulators = (0..<accumulatorCount).map { jit.floats("accumulator[\($0)]") }
        jit.set(a, to: 0)
        jit.set(b, to: 0)
        for accumulator in accumulators { jit.set(accumulator, to: 1) }
        jit.loop("rounds left", count: rounds) { _ in
            for _ in 0..<unroll {
                for accumulator in accumulators { jit.accumulate(accumulator, a, b) }
            }
        }
        kernel = try ExecutableKernel(KernelCompiler(target: target).compile(jit.finish()))
    }

    /// A kernel for the widest vectors this process may use; nil where there is no emitter for the processor.
    package static func forThisMachine() throws(JITError) -> (isaName: String, peak: MultiplyAddPeak)? {
        let features = CPUFeatures.current
        let isa: ISA? =
            features.contains(.avx512Kernels) ? .avx512 : features.contains(.avx2Kernels) ? .avx2 : nil
        guard let isa else { return nil }
        return (isa.rawValue, try MultiplyAddPeak(target: .longest(isa)))
    }

    /// Runs `roundCount` rounds on the calling thread.
    package func run(roundCount: Int) {
        kernel(Arguments(roundCount: roundCount))
    }
}
