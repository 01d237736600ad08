// SPDX-License-Identifier: Apache-2.0

public import AlulaPointPillars

extension PointPillarsConfiguration {
    /// Reads a configuration with the field names of OpenPCDet's `pointpillar.yaml`.
    ///
    /// Fields that only training needs are passed over. Networks of nutonomy's and SECOND's kind need three things OpenPCDet
    /// has no names for, under `ALULA`: `BOX_CODING: second`, `PILLAR_REFERENCE: [x, y, z]` (the reference point of the pillar
    /// in row 0, column 0) and `ANCHOR_MASK: {MIN_PILLARS: 2}`.
    /// - Parameters:
    ///   - text: the file's content.
    ///   - name: the file's name, for errors.
    ///   - base: gives the content of a file that `_BASE_CONFIG_` names; nil when it cannot be found.
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)``, naming the field by its path.
    public init(
        yaml text: String,
        name: String,
        base: (_ path: String) -> String? = { _ in nil }
    ) throws(PointPillarsError) {
        let reader = try ConfigurationReader(try YAMLNode(text: text, name: name), base: base)
        self = try reader.configuration()
    }
}

/// Finds a configuration's fields in a file and the one it builds on.
private struct ConfigurationReader {
    private let top: YAMLNode
    private let data: YAMLNode
    /// What `DATA_CONFIG` builds on.
    private let baseData: YAMLNode?
    private let head: YAMLNode

    init(_ top: YAMLNode, base: (String) -> String?) throws(PointPillarsError) {
        self.top = top
        data = try top.required("DATA_CONFIG")
        if let reference = data.optional("_BASE_CONFIG_") {
            let path = try reference.text()
            let text = base(path)
            baseData = try text.map { text throws(PointPillarsError) in try YAMLNode(text: text, name: path) }
        } else {
            baseData = nil
        }
        head = try top.required("MODEL").required("DENSE_HEAD")
    }

    func configuration() throws(PointPillarsError) -> PointPillarsConfiguration {
        try refuseUnsupported()
        let processor = try voxelProcessor()
        let range = try requiredDataField("POINT_CLOUD_RANGE").floats(6)
        let grid = try PillarGrid(
            minimum: SIMD3(range[0], range[1], range[2]),
            maximum: SIMD3(range[3], range[4], range[5]),
            pillarSize: try processor.required("VOXEL_SIZE").vector()
        )
        let names = try top.required("CLASS_NAMES").elements().map { name throws(PointPillarsError) in try name.text() }
        let post = try top.required("MODEL").required("POST_PROCESSING")
        let suppression = try post.required("NMS_CONFIG")
        var configuration = try PointPillarsConfiguration(
            grid: grid,
            maxPillars: try pillarLimit(processor),
            maxPointsPerPillar: try processor.required("MAX_POINTS_PER_VOXEL").integer(),
            fieldCount: try fieldCount(),
            classNames: names,
            anchors: try anchors(grid, names),
            direction: try direction(),
            minPillarsUnderAnchor: try own("ANCHOR_MASK")?.required("MIN_PILLARS").integer() ?? 0,
            scoreThreshold: try post.required("SCORE_THRESH").float(),
            candidateLimit: try suppression.required("NMS_PRE_MAXSIZE").integer(),
            overlapThreshold: try suppression.required("NMS_THRESH").float(),
            boxLimit: try suppression.required("NMS_POST_MAXSIZE").integer(),
            isPerClass: try suppression.optional("MULTI_CLASSES_NMS")?.bool() ?? false
        )
        if let reference = own("PILLAR_REFERENCE") { configuration.referenceOffset = try reference.vector() }
        configuration.headStride = try headStride()
        return configuration
    }

    /// A field of `DATA_CONFIG`, or of the file it builds on.
    private func dataField(_ name: String) -> YAMLNode? { data.optional(name) ?? baseData?.optional(name) }

    private func requiredDataField(_ name: String) throws(PointPillarsError) -> YAMLNode {
        if let field = dataField(name) { return field }
        return try data.required(name)
    }

    private func own(_ name: String) -> YAMLNode? { top.optional("ALULA")?.optional(name) }

    // MARK: - What is not supported

    private func refuseUnsupported() throws(PointPillarsError) {
        try refuse(head.optional("NAME"), unless: ["AnchorHeadSingle"])
        let assigner = head.optional("TARGET_ASSIGNER_CONFIG")
        try refuse(assigner?.optional("BOX_CODER"), unless: ["ResidualCoder"])
        if let angle = assigner?.optional("BOX_CODER_CONFIG")?.optional("encode_angle_by_sincos"), try angle.bool() {
            throw .configuration(field: angle.path, got: "true", expected: "false: one number for an angle")
        }
        guard let features = try top.required("MODEL").optional("VFE") else { return }
        try refuse(features.optional("NAME"), unless: ["PillarVFE"])
        if let distance = features.optional("WITH_DISTANCE"), try distance.bool() {
            throw .configuration(field: distance.path, got: "true", expected: "false")
        }
        if let absolute = features.optional("USE_ABSLOTE_XYZ"), try !absolute.bool() {
            throw .configuration(field: absolute.path, got: "false", expected: "true")
        }
    }

    private func refuse(_ field: YAMLNode?, unless supported: [String]) throws(PointPillarsError) {
        guard let field else { return }
        let value = try field.text()
        guard supported.contains(value) else {
            throw .configuration(field: field.path, got: value, expected: supported.joined(separator: " or "))
        }
    }

    // MARK: - Pillars

    /// The step of `DATA_PROCESSOR` that makes voxels.
    private func voxelProcessor() throws(PointPillarsError) -> YAMLNode {
        let steps = try requiredDataField("DATA_PROCESSOR").elements()
        for step in steps where try step.required("NAME").text() == "transform_points_to_voxels" { return step }
        throw .configuration(
            field: "DATA_CONFIG.DATA_PROCESSOR",
            got: "no step 'transform_points_to_voxels'",
            expected: "one with VOXEL_SIZE, MAX_POINTS_PER_VOXEL and MAX_NUMBER_OF_VOXELS"
        )
    }

    private func pillarLimit(_ processor: YAMLNode) throws(PointPillarsError) -> Int {
        let limit = try processor.required("MAX_NUMBER_OF_VOXELS")
        return try (limit.isMapping ? limit.required("test") : limit).integer()
    }

    private func fieldCount() throws(PointPillarsError) -> Int {
        guard let list = dataField("POINT_FEATURE_ENCODING")?.optional("used_feature_list") else { return 4 }
        let names = try list.elements().map { name throws(PointPillarsError) in try name.text() }
        guard names.prefix(3) == ["x", "y", "z"] else {
            throw .configuration(field: list.path, got: "\(names)", expected: "x, y and z first")
        }
        return names.count
    }

    // MARK: - Head

    private func anchors(_ grid: PillarGrid, _ classNames: [String]) throws(PointPillarsError) -> AnchorSet {
        let generators = try head.required("ANCHOR_GENERATOR_CONFIG").elements()
        var anchors: [Anchor] = []
        var isCentred = false
        var names: [String] = []
        for generator in generators {
            names.append(try generator.required("class_name").text())
            isCentred = try generator.optional("align_center")?.bool() ?? false
            let rotations = try generator.required("anchor_rotations").elements()
            for size in try generator.required("anchor_sizes").elements() {
                let size = try size.vector()
                let bottoms = try generator.required("anchor_bottom_heights").elements()
                guard bottoms.count == 1 else {
                    throw .configuration(
                        field: "\(generator.path).anchor_bottom_heights",
                        got: "\(bottoms.count) heights",
                        expected: "one"
                    )
                }
                for rotation in rotations {
                    anchors.append(
                        Anchor(
                            length: size.x,
                            width: size.y,
                            height: size.z,
                            bottom: try bottoms[0].float(),
                            rotation: try rotation.float()
                        )
                    )
                }
            }
        }
        guard names == classNames else {
            throw .configuration(
                field: "MODEL.DENSE_HEAD.ANCHOR_GENERATOR_CONFIG",
                got: "anchors of \(names.joined(separator: ", "))",
                expected: "CLASS_NAMES in their order: \(classNames.joined(separator: ", "))"
            )
        }
        return try AnchorSet(
            minimum: grid.minimum,
            maximum: grid.maximum,
            anchors: anchors,
            isCentred: isCentred,
            coding: try coding(),
            codeCount: try codeCount()
        )
    }

    private func codeCount() throws(PointPillarsError) -> Int {
        let coder = head.optional("TARGET_ASSIGNER_CONFIG")?.optional("BOX_CODER_CONFIG")
        return try coder?.optional("code_size")?.integer() ?? 7
    }

    private func coding() throws(PointPillarsError) -> BoxCoding {
        guard let field = own("BOX_CODING") else { return .openPCDet }
        let text = try field.text()
        guard let coding = BoxCoding(rawValue: text) else {
            let expected = BoxCoding.allCases.map(\.rawValue).joined(separator: " or ")
            throw .configuration(field: field.path, got: text, expected: expected)
        }
        return coding
    }

    private func direction() throws(PointPillarsError) -> AnchorDecode.Direction? {
        guard try head.optional("USE_DIRECTION_CLASSIFIER")?.bool() ?? false else { return nil }
        return AnchorDecode.Direction(
            binCount: try head.optional("NUM_DIR_BINS")?.integer() ?? 2,
            offset: try head.optional("DIR_OFFSET")?.float() ?? 0,
            limitOffset: try head.optional("DIR_LIMIT_OFFSET")?.float() ?? 0
        )
    }

    private func headStride() throws(PointPillarsError) -> Int? {
        var stride: Int?
        for generator in try head.required("ANCHOR_GENERATOR_CONFIG").elements() {
            guard let field = generator.optional("feature_map_stride") else { continue }
            let value = try field.integer()
            guard stride == nil || stride == value else {
                throw .configuration(
                    field: field.path,
                    got: "\(value)",
                    expected: "\(stride ?? 0) as for other classes"
                )
            }
            stride = value
        }
        return stride
    }
}
