// SPDX-License-Identifier: Apache-2.0

import AlulaPointPillars
import AlulaPointPillarsYAML
import Testing

@Suite struct ConfigurationReaderTests {
    /// What OpenPCDet's files for KITTI say, in their words.
    private let text = """
        CLASS_NAMES: ['Car', 'Pedestrian', 'Cyclist']
        DATA_CONFIG:
            _BASE_CONFIG_: cfgs/dataset_configs/kitti_dataset.yaml
            POINT_CLOUD_RANGE: [0, -39.68, -3, 69.12, 39.68, 1]
            DATA_PROCESSOR:
                - NAME: mask_points_and_boxes_outside_range
                  REMOVE_OUTSIDE_BOXES: True
                - NAME: transform_points_to_voxels
                  VOXEL_SIZE: [0.16, 0.16, 4]
                  MAX_POINTS_PER_VOXEL: 32
                  MAX_NUMBER_OF_VOXELS: {'train': 16000, 'test': 40000}
        MODEL:
            NAME: PointPillar
            VFE: {NAME: PillarVFE, WITH_DISTANCE: False, USE_ABSLOTE_XYZ: True, NUM_FILTERS: [64]}
            DENSE_HEAD:
                NAME: AnchorHeadSingle
                CLASS_AGNOSTIC: False
                USE_DIRECTION_CLASSIFIER: True
                DIR_OFFSET: 0.78539
                DIR_LIMIT_OFFSET: 0.0
                NUM_DIR_BINS: 2
                ANCHOR_GENERATOR_CONFIG: [
                    {'class_name': 'Car', 'anchor_sizes': [[3.9, 1.6, 1.56]], 'anchor_rotations': [0, 1.57],
                     'anchor_bottom_heights': [-1.78], 'align_center': False, 'feature_map_stride': 2},
                    {'class_name': 'Pedestrian', 'anchor_sizes': [[0.8, 0.6, 1.73]], 'anchor_rotations': [0, 1.57],
                     'anchor_bottom_heights': [-0.6], 'align_center': False, 'feature_map_stride': 2},
                    {'class_name': 'Cyclist', 'anchor_sizes': [[1.76, 0.6, 1.73]], 'anchor_rotations': [0, 1.57],
                     'anchor_bottom_heights': [-0.6], 'align_center': False, 'feature_map_stride': 2}
                ]
                TARGET_ASSIGNER_CONFIG: {NAME: AxisAlignedTargetAssigner, BOX_CODER: ResidualCoder}
            POST_PROCESSING:
                SCORE_THRESH: 0.1
                NMS_CONFIG: {MULTI_CLASSES_NMS: False, NMS_TYPE: nms_gpu, NMS_THRESH: 0.01,
                             NMS_PRE_MAXSIZE: 4096, NMS_POST_MAXSIZE: 500}
        OPTIMIZATION: {BATCH_SIZE_PER_GPU: 4, NUM_EPOCHS: 80}
        """

    private func refusal(_ old: String, _ new: String) -> String {
        do {
            _ = try PointPillarsConfiguration(yaml: text.replacing(old, with: new), name: "pointpillar.yaml")
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func openPCDetsFileIsTheKITTIPreset() throws {
        let configuration = try PointPillarsConfiguration(yaml: text, name: "pointpillar.yaml")
        var expected = try PointPillarsConfiguration.kitti()
        expected.headStride = 2
        #expect(configuration == expected)
    }

    @Test func whatTheFileLeavesOutComesFromItsBase() throws {
        let rest = text.replacing("    POINT_CLOUD_RANGE: [0, -39.68, -3, 69.12, 39.68, 1]\n", with: "")
        let base = """
            POINT_CLOUD_RANGE: [0, -40, -3, 70.4, 40, 1]
            POINT_FEATURE_ENCODING: {used_feature_list: ['x', 'y', 'z', 'intensity', 'timestamp']}
            """
        let configuration = try PointPillarsConfiguration(yaml: rest, name: "x.yaml") { path in
            path == "cfgs/dataset_configs/kitti_dataset.yaml" ? base : nil
        }
        #expect(configuration.grid.columnCount == 440 && configuration.grid.rowCount == 500)
        #expect(configuration.fieldCount == 5)
        #expect(throws: PointPillarsError.self) { try PointPillarsConfiguration(yaml: rest, name: "x.yaml") }
    }

    @Test func networksOfSECONDsKindHaveWordsOfTheirOwn() throws {
        let own = """

            ALULA:
                BOX_CODING: second
                PILLAR_REFERENCE: [0.1, -39.9, -1]
                ANCHOR_MASK: {MIN_PILLARS: 2}
            """
        let configuration = try PointPillarsConfiguration(yaml: text + own, name: "x.yaml")
        #expect(configuration.anchors.coding == .second)
        #expect(configuration.referenceOffset == SIMD3(0.1, -39.9, -1))
        #expect(configuration.minPillarsUnderAnchor == 2)
        let velocities = text.replacing(
            "BOX_CODER: ResidualCoder",
            with: "BOX_CODER: ResidualCoder, BOX_CODER_CONFIG: {code_size: 9}"
        )
        #expect(try PointPillarsConfiguration(yaml: velocities, name: "x.yaml").anchors.codeCount == 9)
        #expect(
            refusal("ResidualCoder", "ResidualCoder, BOX_CODER_CONFIG: {encode_angle_by_sincos: True}").contains(
                "sincos"
            )
        )
        #expect(refusal("OPTIMIZATION:", "ALULA: {BOX_CODING: third}\nOPTIMIZATION:").contains("ALULA.BOX_CODING"))
    }

    @Test func fieldsThatCannotBeHonouredAreNamed() {
        for (old, new, word) in [
            ("AnchorHeadSingle", "CenterHead", "MODEL.DENSE_HEAD.NAME"),
            ("ResidualCoder", "PointResidualCoder", "BOX_CODER"),
            ("WITH_DISTANCE: False", "WITH_DISTANCE: True", "MODEL.VFE.WITH_DISTANCE"),
            ("USE_ABSLOTE_XYZ: True", "USE_ABSLOTE_XYZ: False", "USE_ABSLOTE_XYZ"),
            ("[0.16, 0.16, 4]", "[0.17, 0.16, 4]", "voxel size"), ("[0.16, 0.16, 4]", "[0.16, 4]", "VOXEL_SIZE"),
            ("[0.16, 0.16, 4]", "[0.16, x, 4]", "VOXEL_SIZE[1]"),
            ("MAX_POINTS_PER_VOXEL: 32", "", "MAX_POINTS_PER_VOXEL"),
            ("MAX_POINTS_PER_VOXEL: 32", "MAX_POINTS_PER_VOXEL: 0", "MAX_POINTS_PER_VOXEL"),
            ("'test': 40000", "'val': 40000", "MAX_NUMBER_OF_VOXELS.test"),
            ("SCORE_THRESH: 0.1", "SCORE_THRESH: 7", "SCORE_THRESH"),
            ("'class_name': 'Car'", "'class_name': 'Van'", "CLASS_NAMES"),
            ("[[0.8, 0.6, 1.73]]", "[[0.8, -0.6, 1.73]]", "anchor_sizes"),
            ("transform_points_to_voxels", "something", "DATA_PROCESSOR"),
            (
                "'align_center': False, 'feature_map_stride': 2},\n            {'class_name': 'Ped",
                "'feature_map_stride': 4},\n            {'class_name': 'Ped", "feature_map_stride"
            ),
            ("DATA_CONFIG:", "DATA_CONFI:", "DATA_CONFIG"),
        ] {
            let got = refusal(old, new)
            #expect(got.contains(word), "\(new): \(got)")
        }
    }

    @Test func whatIsNotYAMLIsRefused() {
        for text in ["", "a: [1, 2", "- 1\n- 2", "just words", "\u{0}"] {
            #expect(throws: PointPillarsError.self) { try PointPillarsConfiguration(yaml: text, name: "x.yaml") }
        }
    }
}
