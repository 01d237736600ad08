// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaX86

/// A kernel that can be called: machine code of this process, or a program that is interpreted.
///
/// Shared freely between threads: code is immutable and keeps no state between calls.
package final class ExecutableKernel: Sendable {
    /// What profilers and reports show.
    package let name: String
    private let body: Body

    private enum Body: Sendable {
        case native(NativeCode)
        case interpreted(KernelProgram)
    }

    /// Maps `code` into executable memory.
    /// - Throws: ``JITError/system(kernel:_:)``.
    package init(_ code: KernelCode) throws(JITError) {
        name = code.name
        do throws(SystemError) {
            body = .native(NativeCode(try ExecutableMemory(code: code.code.bytes)))
        } catch {
            throw .system(kernel: code.name, error)
        }
    }

    /// A kernel without machine code, for machines nothing can be emitted for.
    package init(interpreting program: KernelProgram) {
        name = program.name + "__interpreted"
        body = .interpreted(program)
    }

    /// Whether calls run machine code.
    package var isNative: Bool { if case .native = body { true } else { false } }

    /// Where the code lies and how long it is, for profilers; nil if interpreted.
    package var codeRange: (address: UInt, byteCount: Int)? {
        if case .native(let code) = body { (code.memory.address, code.memory.byteCount) } else { nil }
    }

    /// Runs the kernel on `arguments`, a structure of 8-byte fields whose offsets the generator read.
    ///
    /// Addresses in it must be those of memory that stays valid, and is not written by others, until the call returns;
    /// how many bytes behind each are touched is the generator's contract.
    /// - Precondition: an interpreted kernel does not fail; its program passed the same checks when it was built.
    package func callAsFunction<Arguments: BitwiseCopyable>(_ arguments: borrowing Arguments) {
        unsafe withUnsafeBytes(of: arguments) { bytes in
            guard let start = bytes.baseAddress else { return }
            switch body {
            case .native(let code): unsafe code.entry(start)
            case .interpreted(let program):
                do throws(JITError) {
                    var interpreter = try KernelInterpreter(program, memory: ProcessMemory())
                    _ = try interpreter.run(arguments: Int(bitPattern: start))
                } catch {
                    preconditionFailure("\(error)")
                }
            }
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
