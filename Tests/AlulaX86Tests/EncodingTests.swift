// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86
internal import Foundation
internal import Testing

/// The checked-in answers of the independent assembler.
private let rowsFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Encodings")

/// Every form over operand classes, byte for byte against an independent assembler.
@Suite struct EncodingTests {
    @Test(arguments: InstructionTables.all.map(\.name))
    func everyCaseHasTheBytesOfTheIndependentAssembler(table: String) throws {
        let expected = try readRows(table)
        let cases = EncodingCases.all(try #require(InstructionTables.all.first { $0.name == table }).forms)
        #expect(cases.count == expected.count, "regenerate the rows with Tools/regenerate-encodings.sh")
        var mismatches: [String] = []
        for instruction in cases {
            let text = try instruction.listingText()
            let bytes = try encode(instruction)
            if expected[text] != bytes {
                mismatches.append("\(text): got \(bytes), expected \(expected[text] ?? "a row")")
            }
        }
        #expect(
            mismatches.isEmpty,
            "\(mismatches.count) of \(cases.count):\n\(mismatches.prefix(20).joined(separator: "\n"))"
        )
    }

    @Test func theTablesHoldThousandsOfCases() {
        let count = InstructionTables.all.map { EncodingCases.all($0.forms).count }.reduce(0, +)
        #expect(count > 5000)
    }

    /// Writes the text of every case, one file per table, for `Tools/regenerate-encodings.sh`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["ALULA_ENCODING_ROWS"] != nil))
    func writeRowsForTheIndependentAssembler() throws {
        let folder = URL(filePath: try #require(ProcessInfo.processInfo.environment["ALULA_ENCODING_ROWS"]))
        for (name, forms) in InstructionTables.all {
            let text = try EncodingCases.all(forms).map { try $0.listingText() + "\n" }.joined()
            try text.write(to: folder.appending(path: name + ".txt"), atomically: true, encoding: .utf8)
        }
    }

    private func readRows(_ table: String) throws -> [String: String] {
        let text = try String(contentsOf: rowsFolder.appending(path: table + ".txt"), encoding: .utf8)
        var rows: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "|", maxSplits: 1)
            try #require(parts.count == 2, "malformed row: \(line)")
            rows[String(parts[1].dropFirst())] = String(parts[0].dropLast())
        }
        return rows
    }

    private func encode(_ instruction: Instruction) throws -> String {
        let asm = Assembler()
        asm.prefersEVEX = instruction.prefersEVEX
        asm.emit(instruction.form, instruction.operands, mask: instruction.mask)
        return hex(try asm.finish().bytes)
    }
}

/// Two lower-case digits a byte, nothing between.
func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
