// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// Masked access to elements narrower than a lane, one element at a time: AVX2 masks words only. Slow, but tails are
/// short, and nothing outside the mask is touched.
extension AVX2Lowering {
    /// `dst` = the elements the mask selects, widened; zero in other lanes.
    func loadPart(_ dst: V, _ memory: Memory, _ type: ElementType, _ mask: V) {
        let elements = (context.vectorScratch() as V).xmm
        forEachLane(of: mask, from: memory, type) { lane, place in
            if type.byteCount == 1 {
                asm.vpinsrb(elements, elements, place, lane)
            } else {
                asm.vpinsrw(elements, elements, place, lane)
            }
        } before: {
            asm.vpxor(elements, elements, elements)
        }
        switch type {
        case .word: break
        case .float16: asm.vcvtph2ps(dst, V.Half(elements.number))
        case .bfloat16:
            asm.vpmovzxwd(dst, V.Half(elements.number))
            asm.vpslld(dst, dst, 16)
        case .int8: asm.vpmovsxbd(dst, V.Quarter(elements.number))
        case .uint8: asm.vpmovzxbd(dst, V.Quarter(elements.number))
        }
    }

    /// Stores the lanes the mask selects, narrowed.
    func storePart(_ value: V, _ memory: Memory, _ type: ElementType, _ mask: V) {
        let elements: XMM
        if type == .float16 {
            elements = (context.vectorScratch() as V).xmm
            asm.vcvtps2ph(V.Half(elements.number), value, 0)
        } else {
            elements = packedBytes(value, isSigned: type == .int8)
        }
        forEachLane(of: mask, from: memory, type) { lane, place in
            if type.byteCount == 1 {
                asm.vpextrb(place, elements, lane)
            } else {
                asm.vpextrw(place, elements, lane)
            }
        }
    }

    /// Runs `access` for the lanes in the mask: a test and a jump each.
    private func forEachLane(
        of mask: V,
        from memory: Memory,
        _ type: ElementType,
        _ access: (_ lane: UInt8, _ place: Memory) -> Void,
        before: () -> Void = {}
    ) {
        let selected = RegisterPools.integerScratch.low32
        asm.vmovmskps(selected, mask)
        before()
        for lane in 0..<context.target.lanes {
            let next = asm.makeLabel()
            asm.test(selected, 1 << lane)
            asm.jcc(.equal, next, short: true)
            access(UInt8(lane), memory.advanced(by: lane * type.byteCount))
            asm.bind(next)
        }
    }
}
