// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars

extension BirdsEyeView {
    /// The picture as a PNG file.
    func png(_ cloud: PointCloud?, _ boxes: [Detection], title: String) -> [UInt8] {
        var canvas = Canvas(width: width, height: height, background: Self.background)
        let sensor = place(0, 0)
        for ring in 1...12 {
            let distance = 10 * Double(ring)
            canvas.circle(sensor, radius: distance * scale, Self.ringColour)
            canvas.text("\(10 * ring) m", at: place(distance, 0) + SIMD2(4, 4), Self.ringTextColour)
        }
        if let cloud {
            for start in stride(from: 0, to: cloud.values.count, by: cloud.fieldCount) {
                let place = place(Double(cloud.values[start]), Double(cloud.values[start + 1]))
                guard contains(place) else { continue }
                let colour = Self.heightColour(fraction(ofHeight: Double(cloud.values[start + 2])))
                canvas.blend(Int(place.x), Int(place.y), colour, 0.85)
            }
        }
        for box in boxes {
            let outline = outline(box)
            let colour = Self.classColour(box.label)
            for index in 0..<4 { canvas.line(outline.corners[index], outline.corners[(index + 1) % 4], colour) }
            canvas.line(outline.centre, outline.front, colour)
        }
        // Labels last, so that no box crosses one.
        for box in boxes {
            let label = "\(box.className) \(format(Double(box.score), digits: 2))"
            let extents = SIMD2(Double(12 * label.count), 14)
            let place = labelPlace(outline(box).corners, extents)
            canvas.cover(place - 2, extents + 2, Self.background, 0.7)
            canvas.text(label, at: place, Self.classColour(box.label))
        }
        let caption = "\(title): \(boxes.count) boxes, \(cloud?.count ?? 0) points"
        canvas.cover(SIMD2(4, 4), SIMD2(Double(12 * caption.count + 10), 26), Self.background, 0.8)
        canvas.text(caption, at: SIMD2(10, 10), SIMD3(0.85, 0.85, 0.85))
        return PNGFile.encode(width: width, height: height, pixels: canvas.bytes)
    }
}

/// Pixels to draw on.
private struct Canvas {
    private let width: Int
    private let height: Int
    private var pixels: [SIMD3<Float>]

    init(width: Int, height: Int, background: SIMD3<Double>) {
        self.width = width
        self.height = height
        pixels = Array(repeating: SIMD3<Float>(background), count: width * height)
    }

    /// Three bytes a pixel, row by row.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 3 * pixels.count)
        for (index, pixel) in pixels.enumerated() {
            let scaled = (pixel.clamped(lowerBound: .zero, upperBound: .one) * 255).rounded(.toNearestOrEven)
            bytes[3 * index] = UInt8(scaled.x)
            bytes[3 * index + 1] = UInt8(scaled.y)
            bytes[3 * index + 2] = UInt8(scaled.z)
        }
        return bytes
    }

    /// Covers part of a pixel with a colour; pixels outside are left out.
    mutating func blend(_ x: Int, _ y: Int, _ colour: SIMD3<Double>, _ cover: Double) {
        guard x >= 0, y >= 0, x < width, y < height, cover > 0 else { return }
        let part = Float(min(cover, 1))
        pixels[y * width + x] += (SIMD3<Float>(colour) - pixels[y * width + x]) * part
    }

    /// A line about two pixels wide with soft edges.
    mutating func line(_ start: SIMD2<Double>, _ end: SIMD2<Double>, _ colour: SIMD3<Double>) {
        let direction = end - start
        let length = (direction * direction).sum().squareRoot()
        guard length > 0, length < 1e5 else { return }
        let unit = direction / length
        let low = pointwiseMin(start, end) - 2
        let high = pointwiseMax(start, end) + 2
        for y in max(Int(low.y), 0)...max(min(Int(high.y), height - 1), max(Int(low.y), 0)) {
            for x in max(Int(low.x), 0)...max(min(Int(high.x), width - 1), max(Int(low.x), 0)) {
                let offset = SIMD2(Double(x) + 0.5, Double(y) + 0.5) - start
                let along = (offset * unit).sum()
                let across = abs(offset.x * unit.y - offset.y * unit.x)
                let beyond = max(-along, along - length, 0)
                blend(x, y, colour, 1.4 - (across * across + beyond * beyond).squareRoot())
            }
        }
    }

    /// A thin circle.
    mutating func circle(_ centre: SIMD2<Double>, radius: Double, _ colour: SIMD3<Double>) {
        for y in max(Int(centre.y - radius) - 1, 0)..<max(min(Int(centre.y + radius) + 2, height), 0) {
            let rise = Double(y) + 0.5 - centre.y
            // The row's part of the ring of radii within a pixel of the circle's: near the top it is long.
            let outer = ((radius + 1) * (radius + 1) - rise * rise).squareRoot()
            guard outer >= 0 else { continue }
            let inner = max((radius - 1) * (radius - 1) - rise * rise, 0).squareRoot()
            for side in inner == 0 ? [-outer...outer] : [-outer...(-inner), inner...outer] {
                for x in Int(centre.x + side.lowerBound)...Int(centre.x + side.upperBound) {
                    let run = Double(x) + 0.5 - centre.x
                    blend(x, y, colour, 1 - abs((run * run + rise * rise).squareRoot() - radius))
                }
            }
        }
    }

    /// Covers part of a rectangle with a colour.
    mutating func cover(_ corner: SIMD2<Double>, _ extents: SIMD2<Double>, _ colour: SIMD3<Double>, _ cover: Double) {
        for y in Int(corner.y)..<Int(corner.y + extents.y) {
            for x in Int(corner.x)..<Int(corner.x + extents.x) { blend(x, y, colour, cover) }
        }
    }

    /// A line of text, its upper left corner at a place; characters without a shape are blank.
    mutating func text(_ text: String, at place: SIMD2<Double>, _ colour: SIMD3<Double>) {
        var left = Int(place.x)
        for character in text.uppercased() {
            for (row, pattern) in (PixelFont.shapes[character] ?? []).enumerated() {
                for column in 0..<5 where pattern >> (4 - column) & 1 == 1 {
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        blend(left + 2 * column + dx, Int(place.y) + 2 * row + dy, colour, 1)
                    }
                }
            }
            left += 12
        }
    }
}
