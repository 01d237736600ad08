// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaX86

/// A kernel that can be called: machine code of this process, or a program that is interpreted.
///
/// Shared freely between threads: code is immutable and keeps no state between calls.
///
/// - Safety: `entry` points into the memory `code` owns, and is used only while the kernel lives.
@safe
package final class ExecutableKernel: Sendable {
    /// What profilers and reports show.
    package let name: String
    private let code: NativeCode?
    /// The first instruction of ``code``, here as well: a call does not touch the reference count that all threads share.
    private let entry: NativeCode.Entry?
    private let program: KernelProgram?

    /// Maps `code` into executable memory.
    /// - Throws: ``JITError/system(kernel:_:)``.
    package init(_ code: KernelCode) throws(JITError) {
        name = code.name
        do throws(SystemError) {
            let native = NativeCode(try ExecutableMemory(code: code.code.bytes))
            self.code = native
            unsafe entry = native.entry
            program = nil
        } catch {
            throw .system(kernel: code.name, error)
        }
    }

    /// A kernel without machine code, for machines nothing can be emitted for.
    package init(interpreting program: KernelProgram) {
        name = program.name + "__interpreted"
        code = nil
        unsafe entry = nil
        self.program = program
    }

    /// Whether calls run machine code.
    package var isNative: Bool { code != nil }

    /// Where the code lies and how long it is, for profilers; nil if interpreted.
    package var codeRange: (address: UInt, byteCount: Int)? {
        code.map { ($0.memory.address, $0.memory.byteCount) }
    }

    /// Runs the kernel on `arguments`, a structure of 8-byte fields whose offsets the generator read.
    ///
    /// Addresses in it must be those of memory that stays valid, and is not written by others, until the call returns;
    /// how many bytes behind each are touched is the generator's contract.
    /// - Precondition: an interpreted kernel does not fail; its program passed the same checks when it was built.
    package func callAsFunction<Arguments: BitwiseCopyable>(_ arguments: borrowing Arguments) {
        unsafe withUnsafeBytes(of: arguments) { bytes in
            guard let start = bytes.baseAddress else { return }
            if let entry = unsafe entry { return unsafe entry(start) }
            interpret(Int(bitPattern: start))
        }
    }

    @inline(never)
    private func interpret(_ arguments: Int) {
        guard let program else { return }
        do throws(JITError) {
            var interpreter = try KernelInterpreter(program, memory: ProcessMemory())
            _ = try interpreter.run(arguments: arguments)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

/// Executable memory and the function at its start.
///
/// - Safety: `memory` is owned here and outlives every call of `entry`, which points to its first byte. Generated kernels
///   follow the System V convention: one pointer in, nothing out, preserved registers restored.
@safe
private final class NativeCode: Sendable {
    typealias Entry = @convention(c) (UnsafeRawPointer) -> Void

    let memory: ExecutableMemory
    let entry: Entry

    init(_ memory: consuming ExecutableMemory) {
        unsafe entry = unsafeBitCast(memory.baseAddress, to: Entry.self)
        self.memory = memory
    }
}
