// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard error as a person or a program sees it.
package enum Terminal {
    /// Whether standard error is shown to a person.
    package static var standardErrorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes text to standard error at once; what cannot be written is dropped.
    package static func writeToStandardError(_ text: String) {
        var bytes = Array(text.utf8)
        unsafe bytes.withUnsafeMutableBytes { buffer in
            _ = unsafe write(STDERR_FILENO, buffer.baseAddress, buffer.count)
        }
    }

    /// Writes everything printed so far, so that progress is seen as it happens even through a pipe.
    package static func flushStandardOutput() {
        _ = fflush(nil)
    }
}
