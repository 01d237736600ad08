// SPDX-License-Identifier: Apache-2.0

/// What was emitted, line by line: offset, bytes, Intel-syntax text, comment. Text is made only when asked for.
package struct Listing: Sendable {
    /// What a line shows.
    enum Content: Sendable {
        case instruction(Instruction, Encoding)
        case jump(String, Label)
        case label(Label)
        case data
        case padding
    }

    /// One line.
    package struct Line: Sendable {
        /// Position of the first byte.
        package let offset: Int
        /// Bytes the line covers, 0 for labels.
        package let byteCount: Int
        /// Why, in the generator's words.
        package let comment: String?
        let content: Content

        init(offset: Int, byteCount: Int, _ content: Content, comment: String?) {
            self.offset = offset
            self.byteCount = byteCount
            self.content = content
            self.comment = comment
        }

        /// The line in Intel syntax, as an assembler reads it.
        package var text: String {
            switch content {
            case .instruction(let instruction, let encoding): instruction.intelText(encoding: encoding)
            case .jump(let mnemonic, let label): "\(mnemonic) L\(label.index)"
            case .label(let label): "L\(label.index):"
            case .data: ".byte"
            case .padding: "nop"
            }
        }
    }

    /// In order of emission.
    package let lines: [Line]
    private let bytes: [UInt8]

    init(lines: [Line], bytes: [UInt8]) {
        self.lines = lines
        self.bytes = bytes
    }
}

extension Listing: CustomStringConvertible {
    /// The whole listing, one line each: `  40: 62 f1 7c 48 10 06  vmovups zmm0, zmmword ptr [rsi]  ; why`.
    package var description: String {
        lines.map(render).joined(separator: "\n")
    }

    private func render(_ line: Line) -> String {
        if case .label = line.content { return line.text }
        let shown = bytes[line.offset..<min(line.offset + line.byteCount, bytes.count)].prefix(11)
        let hex = shown.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: " ")
        let offset = String(line.offset, radix: 16)
        let head = String(repeating: " ", count: max(0, 6 - offset.count)) + offset + ": "
        let body = hex + String(repeating: " ", count: max(0, 34 - hex.count)) + line.text
        return head + body + (line.comment.map { "  ; \($0)" } ?? "")
    }
}

/// The recommended multi-byte `nop`s.
enum NoOperation {
    /// The longest we use; longer ones decode slowly on some processors.
    static let longest = 9

    private static let table: [[UInt8]] = [
        [],
        [0x90],
        [0x66, 0x90],
        [0x0F, 0x1F, 0x00],
        [0x0F, 0x1F, 0x40, 0x00],
        [0x0F, 0x1F, 0x44, 0x00, 0x00],
        [0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        [0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        [0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    ]

    /// One instruction of `count` bytes that does nothing, `count` in `0...longest`.
    static func bytes(count: Int) -> [UInt8] { table[count] }
}
