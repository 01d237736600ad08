// SPDX-License-Identifier: Apache-2.0

public import AlulaSystem
public import AlulaX86

/// Why a kernel cannot be compiled or made executable.
@nonexhaustive
public enum JITError: Error, Sendable {
    /// More values are alive at once than the register file holds. Nothing is ever spilled silently.
    case outOfRegisters(kernel: String, registerClass: String, needed: Int, available: Int, position: String)
    /// A variable is read on a path where nothing has written it.
    case readBeforeWrite(kernel: String, variable: String, position: String)
    /// The instruction set has no sequence for the operation.
    case unsupported(kernel: String, operation: String, target: String)
    /// A loop, condition or step outside what the program can express.
    case invalidProgram(kernel: String, reason: String)
    /// The encoder refused an instruction.
    case encoding(kernel: String, EncodingError)
    /// The operating system refused executable memory or a dump file.
    case system(kernel: String, SystemError)
    /// The interpreter met an access outside the memory it was given, or a value a kernel may not have.
    case interpreter(kernel: String, reason: String)
}

extension JITError: CustomStringConvertible {
    /// What, where, got, expected.
    public var description: String {
        switch self {
        case .outOfRegisters(let kernel, let registerClass, let needed, let available, let position):
            "out of \(registerClass) registers in \(kernel) at \(position): needed \(needed), available \(available)"
        case .readBeforeWrite(let kernel, let variable, let position):
            "\(variable) is read before it is written, in \(kernel) at \(position)"
        case .unsupported(let kernel, let operation, let target):
            "no instructions for \"\(operation)\" on \(target), in \(kernel)"
        case .invalidProgram(let kernel, let reason):
            "invalid program \(kernel): \(reason)"
        case .encoding(let kernel, let error):
            "cannot encode \(kernel): \(error)"
        case .system(let kernel, let error):
            "cannot make \(kernel) executable: \(error)"
        case .interpreter(let kernel, let reason):
            "cannot interpret \(kernel): \(reason)"
        }
    }
}
