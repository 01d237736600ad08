// SPDX-License-Identifier: Apache-2.0

/// A form with its operands: everything needed to encode it or to print it.
package struct Instruction: Sendable {
    /// What is executed.
    package let form: InstructionForm
    /// In Intel order, destination first.
    package let operands: [Operand]
    /// The predicate of the destination, EVEX only.
    package var mask: Masking?
    /// Whether EVEX is asked for where VEX would do.
    package var prefersEVEX = false

    package init(form: InstructionForm, operands: [Operand], mask: Masking? = nil, prefersEVEX: Bool = false) {
        self.form = form
        self.operands = operands
        self.mask = mask
        self.prefersEVEX = prefersEVEX
    }

    /// The length of the longest vector operand, 128 bits if there is none.
    package var length: VectorLength { operands.lazy.compactMap(\.vectorLength).max() ?? .bits128 }

    /// Whether an operand, the mask or the caller rules VEX out.
    package var needsEVEX: Bool {
        if prefersEVEX || mask != nil || length == .bits512 { return true }
        return operands.contains { operand in
            switch operand {
            case .vector(_, let number): return number > 15
            case .broadcast: return true
            case .memory(let address):
                if case .vector(_, let number) = address.index { return number > 15 }
                return false
            default: return false
            }
        }
    }

    /// The encoding the operands select.
    ///
    /// - Throws: ``EncodingError/noMatchingForm(instruction:)`` if no row has these operand classes,
    ///   ``EncodingError/notEncodable(instruction:reason:)`` if one has, but not in the prefix family they need.
    package func selectEncoding() throws(EncodingError) -> Encoding {
        let length = length
        let needsEVEX = needsEVEX
        var reason: String?
        for encoding in form.encodings where accepts(encoding, length: length) {
            guard encoding.lengths.contains(length) else {
                reason = "no \(length.byteCount * 8)-bit form"
                continue
            }
            guard encoding.isAvailable(needsEVEX: needsEVEX) else {
                reason = needsEVEX ? "a mask, a broadcast, zmm or registers 16 to 31 need EVEX" : "no VEX form"
                continue
            }
            if let problem = maskingProblem(encoding) {
                reason = problem
                continue
            }
            return encoding
        }
        guard let reason else { throw .noMatchingForm(instruction: intelText(encoding: nil)) }
        throw .notEncodable(instruction: intelText(encoding: nil), reason: reason)
    }

    private func accepts(_ encoding: Encoding, length: VectorLength) -> Bool {
        guard encoding.operands.count == operands.count else { return false }
        for (spec, operand) in zip(encoding.operands, operands) {
            guard spec.accepts(operand, length: length, signedByteOnly: encoding.hasSignedImmediate) else {
                return false
            }
            if case .broadcast = operand, encoding.tuple.broadcastByteCount == nil { return false }
        }
        return true
    }

    private func maskingProblem(_ encoding: Encoding) -> String? {
        guard let mask else { return encoding.masking == .required ? "a mask is required" : nil }
        if mask.register.number == 0 { return "k0 cannot be a mask" }
        let isZeroing = mask.isZeroing
        switch encoding.masking {
        case .none: return "no masked form"
        case .required, .mergingOnly: return isZeroing ? "no zeroing form" : nil
        case .any: return isZeroing && operands.first?.address != nil ? "memory cannot be zero-masked" : nil
        }
    }
}

extension Encoding {
    /// Whether one of the encoding's prefix families can be used.
    fileprivate func isAvailable(needsEVEX: Bool) -> Bool {
        switch space {
        case .legacy: !needsEVEX
        case .vector(let vex, let evex): needsEVEX ? evex != nil : vex != nil || evex != nil
        }
    }
}
