// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// What a command refuses: files and flags. Errors of the modules below are passed on as they are.
enum CommandError: Error, CustomStringConvertible {
    /// A file that cannot be read or written, with its path and the system's reason.
    case system(SystemError)
    /// A file whose content is wrong.
    case badFile(path: String, got: String, expected: String)
    /// A flag whose value is wrong.
    case badOption(option: String, got: String, expected: String)

    /// What, where, got, expected, in one sentence.
    var description: String {
        switch self {
        case .system(let error): error.description
        case .badFile(let path, let got, let expected): "'\(path)': got \(got), expected \(expected)"
        case .badOption(let option, let got, let expected): "\(option): got \(got), expected \(expected)"
        }
    }
}
