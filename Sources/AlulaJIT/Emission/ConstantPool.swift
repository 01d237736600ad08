// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// Constants that lie behind a kernel's code and are read relative to the instruction pointer.
struct ConstantPool {
    /// What a constant's memory looks like.
    enum Content: Hashable {
        /// 32 bits once.
        case word(UInt32)
        /// 32 bits in every lane.
        case vector(UInt32)
        /// 0, 1, 2, … in the lanes.
        case laneIndex
        /// One word a lane.
        case words([UInt32])
        /// 0, 2, 4, … in the lanes.
        case evenIndex
    }

    private var labels: [Content: Label] = [:]
    private var order: [Content] = []

    /// The label of `content`, which is written once however often it is used.
    mutating func label(_ content: Content, _ asm: Assembler) -> Label {
        if let label = labels[content] { return label }
        let label = asm.makeLabel()
        labels[content] = label
        order.append(content)
        return label
    }

    /// Writes all constants, whole vectors first, so that everything is aligned to its own size.
    func write(lanes: Int, _ asm: Assembler) {
        guard !order.isEmpty else { return }
        asm.align(to: lanes * 4)
        let words = order.filter { if case .word = $0 { true } else { false } }
        let vectors = order.filter { if case .word = $0 { false } else { true } }
        for content in vectors + words {
            guard let label = labels[content] else { continue }
            asm.bind(label)
            switch content {
            case .word(let bits): asm.data([Float(bitPattern: bits)])
            case .vector(let bits): asm.data(Array(repeating: Float(bitPattern: bits), count: lanes))
            case .words(let words): asm.data(words.map { Float(bitPattern: $0) })
            case .evenIndex: asm.data((0..<UInt32(lanes)).map { Float(bitPattern: 2 * $0) })
            case .laneIndex: asm.data((0..<UInt32(lanes)).map { Float(bitPattern: $0) })
            }
        }
    }
}
