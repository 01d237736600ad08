// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaSystem
import AlulaTesting
import Foundation
import Testing

@testable import AlulaCLI

@Suite struct DeflateTests {
    /// Undoes ``Deflate``: one block with fixed codes. Source: RFC 1951.
    private func inflate(_ zlib: [UInt8]) throws -> [UInt8] {
        let bytes = zlib.dropFirst(2).dropLast(4)
        var position = 0
        func bit() -> Int {
            defer { position += 1 }
            return Int(bytes[bytes.startIndex + position / 8] >> UInt8(position % 8)) & 1
        }
        func number(_ count: Int) -> Int { (0..<count).reduce(0) { $0 | bit() << $1 } }
        func code(_ count: Int) -> Int { (0..<count).reduce(0) { value, _ in value << 1 | bit() } }
        let lengthBits = [Int](repeating: 0, count: 4) + (0...5).flatMap { [Int](repeating: $0, count: 4) }
        let distanceBits = [0, 0] + (0...13).flatMap { [$0, $0] }
        #expect(number(3) == 3)
        var output: [UInt8] = []
        while true {
            var symbol = code(7)
            if symbol < 0b0011000 {
                symbol += 256
            } else {
                symbol = symbol << 1 | code(1)
                if symbol < 0xC0 {
                    symbol -= 0x30
                } else if symbol < 0xC8 {
                    symbol += 280 - 0xC0
                } else {
                    symbol = (symbol << 1 | code(1)) - 0x190 + 144
                }
            }
            if symbol == 256 { return output }
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            var length = 3
            for index in 0..<(symbol - 257) { length += 1 << lengthBits[index] }
            length = symbol == 285 ? 258 : length + number(lengthBits[symbol - 257])
            let distanceCode = code(5)
            var distance = 1
            for index in 0..<distanceCode { distance += 1 << distanceBits[index] }
            distance += number(distanceBits[distanceCode])
            try #require(distance <= output.count)
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 257, 258, 259, 260, 1000, 70_000])
    func whatIsCompressedComesBack(count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let runs = (0..<count).map { UInt8($0 / 300 % 7) }
        let mixed = (0..<count).map { $0 % 1000 < 600 ? UInt8(7) : noise[$0] }
        for bytes in [noise, runs, mixed, [UInt8](repeating: 0, count: count)] {
            #expect(try inflate(Deflate.zlib(bytes)) == bytes)
        }
        if count >= 1000 { #expect(Deflate.zlib(runs).count * 20 < count) }
    }

    @Test func checksumsAreTheKnownOnes() {
        #expect(PNGFile.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(Deflate.zlib(Array("Wikipedia".utf8)).suffix(4) == [0x11, 0xE6, 0x03, 0x98])
    }
}

@Suite struct DetectPictureTests {
    private let box = Detection(
        label: 0,
        className: "Car <1>",
        centre: SIMD3(10, 2, -1),
        length: 4,
        width: 2,
        height: 1.5,
        yaw: 0.3,
        score: 0.75
    )

    private func view() throws -> (view: BirdsEyeView, cloud: PointCloud) {
        let cloud = try #require(PointCloud([5, 0, -1, 0.5, 500, 0, 0, 0, 10, 3, 0.5, 1], fieldCount: 4))
        return (BirdsEyeView(try PointPillarsConfiguration.kittiCar().grid, size: 400), cloud)
    }

    @Test func forwardIsUpAndLeftIsLeft() throws {
        let (view, _) = try view()
        let corner = view.place(69.12, 39.68)
        #expect(abs(corner.x) < 1e-3 && abs(corner.y) < 1e-3)
        let (front, left) = (view.place(20, 0), view.place(10, 5))
        #expect(front.y < view.place(10, 0).y && left.x < view.place(10, 0).x)
        let outline = view.outline(box)
        #expect(outline.front.y < outline.centre.y && outline.front.x < outline.centre.x)
    }

    @Test func picturesHoldPointsAndBoxes() throws {
        let (view, cloud) = try view()
        let svg = view.svg(cloud, [box], title: "frame & more")
        #expect(svg.contains("Car &lt;1&gt; 0.75") && svg.contains("frame &amp; more: 1 boxes, 3 points"))
        #expect(svg.components(separatedBy: "h0").count - 1 == 2, "the point far away is left out")
        #expect(XMLCheck.isWellFormed(svg))
        let png = view.png(cloud, [box], title: "frame")
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        #expect(
            Array(png[16..<24]) == [
                0, 0, UInt8(view.width >> 8), UInt8(view.width & 255), 0, 0, UInt8(view.height >> 8),
                UInt8(view.height & 255),
            ]
        )
        #expect(png != view.png(cloud, [], title: "frame"))
        #expect(view.png(nil, [], title: "").count > 100)
    }

    @Test func boxesThatReachOutsideAreDrawnAsFarAsTheyGo() throws {
        let (view, cloud) = try view()
        for (x, y) in [(Float(-3), Float(0)), (70, 40), (1e9, 0), (-1e9, -1e9)] {
            var far = box
            far.centre = SIMD3(x, y, 0)
            #expect(view.png(cloud, [far], title: "").count > 100)
        }
    }
}

/// Whether tags of a text open and close in order; enough for what is written here.
enum XMLCheck {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        for tag in text.matches(of: #/<(\/?)([a-z]+)[^>]*?(\/?)>/#) {
            if !tag.3.isEmpty { continue }
            if tag.1.isEmpty {
                open.append(tag.2)
            } else if open.popLast() != tag.2 {
                return false
            }
        }
        return open.isEmpty
    }
}
