// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Emits the one-dimensional transforms, two lines of the result at a time.
///
/// A source line is memory or a register; results and temporaries are registers that hold no source line.
struct WinogradArithmetic {
    let variant: WinogradVariant
    let jit: KernelBuilder
    /// Registers holding a factor; a factor that is not here is read from memory, which needs the other operand in a
    /// register.
    var factors: [Float: FloatVector] = [:]

    init(_ variant: WinogradVariant, _ jit: KernelBuilder) {
        self.variant = variant
        self.jit = jit
    }

    /// Puts factors into registers of their own.
    mutating func hold(_ values: [Float]) {
        for value in values where factors[value] == nil {
            let register = jit.floats("\(value)")
            jit.set(register, to: value)
            factors[value] = register
        }
    }

    // MARK: Src

    /// `(first, second) = ` the lines `pair.lines` of `Bᵀ d`: four additions or multiply-adds.
    ///
    /// The rows of `Bᵀ` for ``WinogradVariant/f4``: `4d₀−5d₂+d₄`, `±(d₃−4d₁)+(d₄−4d₂)`, `±2(d₃−d₁)+(d₄−d₂)`, `4d₁−5d₃+d₅`;
    /// for ``WinogradVariant/f2``: `d₀−d₂`, `d₁+d₂`, `d₂−d₁`, `d₁−d₃`.
    func srcLines(
        _ pair: WinogradLinePair,
        _ first: FloatVector,
        _ second: FloatVector,
        temporary: FloatVector,
        _ line: (Int) -> WinogradLine
    ) {
        switch (variant, pair.index) {
        case (.f2, 0):
            take(second, line(2))
            take(temporary, line(1))
            jit.add(first, second, temporary)
            jit.subtract(second, second, temporary)
        case (.f2, _):
            difference(first, line(0), line(2))
            difference(second, line(1), line(3))
        case (.f4, 0):
            take(first, line(4))
            subtractMultiple(first, 4, line(2))
            take(temporary, line(3))
            subtractMultiple(temporary, 4, line(1))
            jit.subtract(second, first, temporary)
            jit.add(first, first, temporary)
        case (.f4, 1):
            difference(second, line(4), line(2))
            difference(temporary, line(3), line(1))
            jit.copy(first, second)
            addMultiple(first, 2, .register(temporary))
            subtractMultiple(second, 2, .register(temporary))
        case (.f4, _):
            take(first, line(4))
            subtractMultiple(first, 5, line(2))
            addMultiple(first, 4, line(0))
            take(second, line(5))
            subtractMultiple(second, 5, line(3))
            addMultiple(second, 4, line(1))
        }
    }

    // MARK: Dst

    /// `(first, second) = ` the lines `pair.lines` of `Aᵀ m`.
    ///
    /// The rows of `Aᵀ` for ``WinogradVariant/f4``: `m₀+s+p`, `d+2q`, `s+4p`, `d+8q+m₅` with `s, d = m₁±m₂`, `p, q = m₃±m₄`;
    /// for ``WinogradVariant/f2``: `m₀+m₁+m₂`, `m₁−m₂−m₃`.
    /// - Parameter added: added to `m₁` before anything else.
    func dstLines(
        _ pair: WinogradLinePair,
        _ first: FloatVector,
        _ second: FloatVector,
        temporary: FloatVector,
        added: WinogradLine? = nil,
        _ line: (Int) -> WinogradLine
    ) {
        switch (variant, pair.index) {
        case (.f2, _):
            take(first, line(1))
            if let added { jit.add(first, first, added) }
            take(temporary, line(2))
            jit.subtract(second, first, temporary)
            jit.add(first, first, temporary)
            jit.add(first, first, line(0))
            jit.subtract(second, second, line(3))
        case (.f4, 0):
            take(second, line(1))
            if let added { jit.add(second, second, added) }
            jit.add(second, second, line(2))
            take(temporary, line(3))
            jit.add(temporary, temporary, line(4))
            jit.add(first, second, temporary)
            jit.add(first, first, line(0))
            addMultiple(second, 4, .register(temporary))
        case (.f4, _):
            take(first, line(1))
            if let added { jit.add(first, first, added) }
            jit.subtract(first, first, line(2))
            difference(temporary, line(3), line(4))
            jit.copy(second, first)
            addMultiple(second, 8, .register(temporary))
            jit.add(second, second, line(5))
            addMultiple(first, 2, .register(temporary))
        }
    }

    // MARK: Weights

    /// All lines of `G g` into `result`.
    ///
    /// The rows of `G` for ``WinogradVariant/f4``: `g₀/4`, `−(g₀+g₂)/6 ∓ g₁/6`, `(g₀/24+g₂/6) ± g₁/12`, `g₂`; for
    /// ``WinogradVariant/f2``: `g₀`, `(g₀+g₂)/2 ± g₁/2`, `g₂`.
    func weightLines(_ result: [FloatVector], temporary: FloatVector, _ line: [FloatVector]) {
        switch variant {
        case .f2:
            jit.copy(result[0], line[0])
            jit.add(result[2], line[0], line[2])
            jit.multiply(result[2], result[2], Float(0.5))
            jit.multiply(temporary, line[1], Float(0.5))
            jit.add(result[1], result[2], temporary)
            jit.subtract(result[2], result[2], temporary)
            jit.copy(result[3], line[2])
        case .f4:
            jit.multiply(result[0], line[0], Float(0.25))
            jit.add(result[2], line[0], line[2])
            jit.multiply(result[2], result[2], Float(-1) / 6)
            jit.multiply(temporary, line[1], Float(1) / 6)
            jit.subtract(result[1], result[2], temporary)
            jit.add(result[2], result[2], temporary)
            jit.multiply(result[4], line[0], Float(1) / 24)
            jit.accumulate(result[4], line[2], Float(1) / 6)
            jit.multiply(temporary, line[1], Float(1) / 12)
            jit.add(result[3], result[4], temporary)
            jit.subtract(result[4], result[4], temporary)
            jit.copy(result[5], line[2])
        }
    }

    // MARK: Steps

    private func take(_ dst: FloatVector, _ line: WinogradLine) {
        switch line {
        case .register(let register): jit.copy(dst, register)
        case .memory(let memory): jit.load(dst, from: memory)
        }
    }

    /// `dst = a - b`.
    private func difference(_ dst: FloatVector, _ a: WinogradLine, _ b: WinogradLine) {
        if case .register(let register) = a { return jit.subtract(dst, register, b) }
        take(dst, a)
        jit.subtract(dst, dst, b)
    }

    /// `dst += factor * line`.
    private func addMultiple(_ dst: FloatVector, _ factor: Float, _ line: WinogradLine) {
        if let register = factors[factor] { return jit.accumulate(dst, register, line) }
        guard case .register(let register) = line else { preconditionFailure("no register holds \(factor)") }
        jit.accumulate(dst, register, factor)
    }

    /// `dst -= factor * line`.
    private func subtractMultiple(_ dst: FloatVector, _ factor: Float, _ line: WinogradLine) {
        if let register = factors[factor] { return jit.accumulateNegated(dst, register, line) }
        guard case .register(let register) = line else { preconditionFailure("no register holds \(factor)") }
        jit.accumulateNegated(dst, register, factor)
    }
}

/// A line a transform reads: one vector of channels.
enum WinogradLine: FloatSource {
    case memory(MemoryReference)
    case register(FloatVector)

    var source: VectorSource {
        switch self {
        case .memory(let memory): memory.source
        case .register(let register): register.source
        }
    }
}
