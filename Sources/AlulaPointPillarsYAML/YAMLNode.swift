// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import Yams

/// A place in a configuration file: a node, and how one gets there.
struct YAMLNode {
    /// The names from the top, joined by dots, for errors.
    let path: String
    private let node: Node

    /// The top of a file.
    init(text: String, name: String) throws(PointPillarsError) {
        let parsed: Node?
        do {
            parsed = try Yams.compose(yaml: text)
        } catch {
            throw .configuration(field: name, got: "\(error)", expected: "YAML")
        }
        guard let parsed, parsed.mapping != nil else {
            throw .configuration(field: name, got: "something else", expected: "a mapping of names to values")
        }
        path = ""
        node = parsed
    }

    private init(path: String, node: Node) {
        self.path = path
        self.node = node
    }

    private func refusal(_ expected: String) -> PointPillarsError {
        .configuration(field: path, got: node.string ?? "another kind of value", expected: expected)
    }

    // MARK: - Going down

    /// The value called `name`; nil when there is none, or it is null.
    func optional(_ name: String) -> YAMLNode? {
        guard let child = node.mapping?[Node(name)], child.null == nil else { return nil }
        return YAMLNode(path: path.isEmpty ? name : "\(path).\(name)", node: child)
    }

    /// The value called `name`, which must be there.
    func required(_ name: String) throws(PointPillarsError) -> YAMLNode {
        guard let child = optional(name) else {
            throw .configuration(field: path.isEmpty ? name : "\(path).\(name)", got: "nothing", expected: "a value")
        }
        return child
    }

    /// The elements of a list.
    func elements() throws(PointPillarsError) -> [YAMLNode] {
        guard let sequence = node.sequence else { throw refusal("a list") }
        return sequence.enumerated().map { YAMLNode(path: "\(path)[\($0)]", node: $1) }
    }

    /// Whether the value is a mapping.
    var isMapping: Bool { node.mapping != nil }

    // MARK: - Values

    /// A real number.
    func float() throws(PointPillarsError) -> Float {
        guard let value = node.float.map({ Float($0) }) ?? node.int.map({ Float($0) }) else {
            throw refusal("a number")
        }
        return value
    }

    /// A whole number.
    func integer() throws(PointPillarsError) -> Int {
        guard let value = node.int else { throw refusal("a whole number") }
        return value
    }

    /// True or false.
    func bool() throws(PointPillarsError) -> Bool {
        guard let value = node.bool else { throw refusal("true or false") }
        return value
    }

    /// Text.
    func text() throws(PointPillarsError) -> String {
        guard let value = node.string else { throw refusal("text") }
        return value
    }

    /// Numbers, exactly `count` of them.
    func floats(_ count: Int) throws(PointPillarsError) -> [Float] {
        let elements = try elements()
        guard elements.count == count else {
            throw .configuration(field: path, got: "\(elements.count) numbers", expected: "\(count)")
        }
        return try elements.map { element throws(PointPillarsError) in try element.float() }
    }

    /// Three numbers.
    func vector() throws(PointPillarsError) -> SIMD3<Float> {
        let values = try floats(3)
        return SIMD3(values[0], values[1], values[2])
    }
}
