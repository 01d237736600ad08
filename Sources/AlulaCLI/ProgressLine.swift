// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// One line on standard error that is overwritten in place while long work runs; silent when nobody watches.
final class ProgressLine {
    private let isShown = Terminal.standardErrorIsTerminal
    private var width = 0

    /// Replaces the line.
    func show(_ text: String) {
        guard isShown else { return }
        let padding = String(repeating: " ", count: max(width - text.count, 0))
        Terminal.writeToStandardError("\r" + text + padding)
        width = text.count
    }

    /// Removes the line.
    func clear() {
        guard isShown, width > 0 else { return }
        Terminal.writeToStandardError("\r" + String(repeating: " ", count: width) + "\r")
        width = 0
    }
}
