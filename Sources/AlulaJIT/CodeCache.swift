// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaX86

/// Compiled kernels by descriptor: a kernel is generated and mapped once, whoever asks first.
///
/// Shared between threads. A kernel lives as long as the cache or anybody who got it.
package final class CodeCache: Sendable {
    private struct Key: Hashable {
        let descriptor: AnyHashable
        let target: VectorTarget?
    }

    private struct State {
        var kernels: [Key: ExecutableKernel] = [:]
        var dumpCount = 0
        var perfMap = ""
    }

    private let options: JITOptions
    private let state: Locked<State>

    /// The process's cache, with the options of the environment; values it does not understand count as absent here and
    /// are refused by whoever calls ``JITOptions/fromEnvironment()``.
    package static let shared = CodeCache(options: (try? .fromEnvironment()) ?? JITOptions())

    /// - Parameter options: dumps, profiler names and the instruction set limit.
    package init(options: JITOptions = JITOptions()) {
        self.options = options
        state = Locked(State())
    }

    /// The target kernels are generated for; nil where they are interpreted.
    package var target: VectorTarget? { VectorTarget.best(maximum: options.maximumISA) }

    /// Kernels held.
    package var count: Int { state.withLock { $0.kernels.count } }

    /// The kernel for `descriptor`, generated at the first call.
    ///
    /// - Parameters:
    ///   - target: nil interprets the program that `generate` makes for eight lanes.
    ///   - generate: builds the program; runs at most once per descriptor and target, except when it throws.
    package func kernel(
        for descriptor: some Hashable & Sendable,
        target: VectorTarget?,
        generate: (VectorTarget) throws(JITError) -> KernelProgram
    ) throws(JITError) -> ExecutableKernel {
        let key = Key(descriptor: AnyHashable(descriptor), target: target)
        if let kernel = state.withLock({ $0.kernels[key] }) { return kernel }
        guard let target else {
            let kernel = ExecutableKernel(interpreting: try generate(.longest(.avx2)))
            return state.withLock { Self.insert(kernel, for: key, into: &$0) }
        }
        let compiler = KernelCompiler(target: target, recordsListing: options.dumpDirectory != nil)
        let code = try compiler.compile(try generate(target))
        let kernel = try ExecutableKernel(code)
        let result = state.withLock { Self.insert(kernel, for: key, into: &$0) }
        if result === kernel { try announce(code, kernel) }
        return result
    }

    /// Keeps the first kernel of two that were generated at the same time.
    private static func insert(_ kernel: ExecutableKernel, for key: Key, into state: inout State) -> ExecutableKernel {
        if let first = state.kernels[key] { return first }
        state.kernels[key] = kernel
        return kernel
    }

    // MARK: Inspection

    private func announce(_ code: KernelCode, _ kernel: ExecutableKernel) throws(JITError) {
        do throws(SystemError) {
            if let directory = options.dumpDirectory { try dump(code, to: directory) }
            if options.writesPerfMap, let range = kernel.codeRange { try name(kernel.name, at: range) }
        } catch {
            throw .system(kernel: code.name, error)
        }
    }

    /// Writes `<kernel id>.<n>.bin`, which `objdump -D -b binary -m i386:x86-64 -M intel` reads, and the listing.
    private func dump(_ code: KernelCode, to directory: String) throws(SystemError) {
        let number = state.withLock { state in
            state.dumpCount += 1
            return state.dumpCount
        }
        try Files.makeDirectory(directory)
        let stem = "\(directory)/\(code.name).\(number)"
        try Files.write(code.code.bytes, to: stem + ".bin")
        try Files.write("\(code.code.listing)\n", to: stem + ".txt")
    }

    /// Adds a line to the map `perf` reads: address and size in hexadecimal, then the name.
    private func name(_ kernel: String, at range: (address: UInt, byteCount: Int)) throws(SystemError) {
        let line = "\(String(range.address, radix: 16)) \(String(range.byteCount, radix: 16)) \(kernel)\n"
        let text = state.withLock { state in
            state.perfMap += line
            return state.perfMap
        }
        try Files.write(text, to: "/tmp/perf-\(ProcessIdentity.processNumber).map")
    }
}
