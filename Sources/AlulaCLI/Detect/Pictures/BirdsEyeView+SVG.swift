// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars

extension BirdsEyeView {
    /// Colours that heights are sorted into, so that points of one colour are one path.
    private static let bucketCount = 24

    /// The picture as an SVG file.
    func svg(_ cloud: PointCloud?, _ boxes: [Detection], title: String) -> String {
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="sans-serif" font-size="12">
            <title>\(Self.escaped(title))</title>
            <rect width="100%" height="100%" fill="\(Self.hex(Self.background))"/>

            """
        text += rings() + points(cloud)
        for box in boxes { text += draw(box) }
        let caption = "\(title): \(boxes.count) boxes, \(cloud?.count ?? 0) points"
        return text + "<text x=\"10\" y=\"20\" fill=\"#ddd\">\(Self.escaped(caption))</text>\n</svg>\n"
    }

    private func rings() -> String {
        let sensor = place(0, 0)
        let colour = Self.hex(Self.ringColour)
        var text = "<g fill=\"none\" stroke=\"\(colour)\">\n"
        for ring in 1...12 {
            let radius = format(10 * Double(ring) * scale, digits: 1)
            text += "<circle cx=\"\(Self.number(sensor.x))\" cy=\"\(Self.number(sensor.y))\" r=\"\(radius)\"/>\n"
            let top = place(10 * Double(ring), 0)
            text += "<text x=\"\(Self.number(top.x + 4))\" y=\"\(Self.number(top.y + 15))\" stroke=\"none\" "
            text += "fill=\"\(Self.hex(Self.ringTextColour))\">\(10 * ring) m</text>\n"
        }
        return text + "</g>\n"
    }

    private func points(_ cloud: PointCloud?) -> String {
        guard let cloud else { return "" }
        var paths = [String](repeating: "", count: Self.bucketCount)
        for start in stride(from: 0, to: cloud.values.count, by: cloud.fieldCount) {
            let place = place(Double(cloud.values[start]), Double(cloud.values[start + 1]))
            guard contains(place) else { continue }
            let fraction = fraction(ofHeight: Double(cloud.values[start + 2]))
            let bucket = min(Int(fraction * Double(Self.bucketCount)), Self.bucketCount - 1)
            paths[bucket] += "M\(Self.number(place.x)) \(Self.number(place.y))h0"
        }
        return "<g stroke-width=\"1.4\" stroke-linecap=\"round\" fill=\"none\">\n"
            + paths.enumerated().filter { !$1.isEmpty }.map { bucket, path in
                let colour = Self.heightColour((Double(bucket) + 0.5) / Double(Self.bucketCount))
                return "<path stroke=\"\(Self.hex(colour))\" d=\"\(path)\"/>\n"
            }.joined() + "</g>\n"
    }

    private func draw(_ box: Detection) -> String {
        let outline = outline(box)
        let corners = outline.corners.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let colour = Self.hex(Self.classColour(box.label))
        let label = "\(box.className) \(format(Double(box.score), digits: 2))"
        // Seven pixels are about the width of a character of this size.
        let place = labelPlace(outline.corners, SIMD2(Double(7 * label.count), 12))
        return """
            <polygon points="\(corners)" fill="\(colour)" fill-opacity="0.15" stroke="\(colour)" stroke-width="2"/>
            <line x1="\(Self.number(outline.centre.x))" y1="\(Self.number(outline.centre.y))" \
            x2="\(Self.number(outline.front.x))" y2="\(Self.number(outline.front.y))" stroke="\(colour)" stroke-width="2"/>
            <text x="\(Self.number(place.x))" y="\(Self.number(place.y + 11))" fill="\(colour)" paint-order="stroke" \
            stroke="\(Self.hex(Self.background))" stroke-width="3">\(Self.escaped(label))</text>

            """
    }

    /// 0 at the lowest height of the range, 1 at the highest; the ground spreads over the lower half.
    func fraction(ofHeight z: Double) -> Double {
        min(max((z - heights.lowerBound) / (heights.upperBound - heights.lowerBound), 0), 0.9999)
    }

    private static func number(_ value: Double) -> String { format(value, digits: 1) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
