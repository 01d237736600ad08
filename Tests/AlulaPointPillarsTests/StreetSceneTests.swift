// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import Testing

@Suite struct StreetSceneTests {
    @Test func aSceneFollowsFromSeedAndFrame() {
        let cloud = StreetScene(seed: 5, frame: 2).cloud()
        #expect(cloud == StreetScene(seed: 5, frame: 2).cloud())
        #expect(cloud != StreetScene(seed: 6, frame: 2).cloud())
        #expect(cloud != StreetScene(seed: 5, frame: 3).cloud())
    }

    @Test func pointsLieOnWhatStandsThere() {
        let scene = StreetScene(seed: 2)
        let cloud = scene.cloud()
        #expect(cloud.count > 60_000 && cloud.count < 64 * 2000)
        var hits = [Int](repeating: 0, count: scene.objects.count)
        var strays = 0
        for start in stride(from: 0, to: cloud.values.count, by: 4) {
            let point = SIMD3(cloud.values[start], cloud.values[start + 1], cloud.values[start + 2])
            #expect((0...1).contains(cloud.values[start + 3]))
            if abs(point.z + StreetScene.sensorHeight) < 0.1 { continue }
            if let index = scene.objects.firstIndex(where: { contains($0, point) }) {
                hits[index] += 1
            } else {
                strays += 1
            }
        }
        #expect(strays * 1000 < cloud.count, "\(strays) points hang in the air")
        for name in ["Car", "Pedestrian", "Cyclist", "Wall"] {
            #expect(zip(scene.objects, hits).contains { $0.className == name && $1 > 20 }, "no \(name) in sight")
        }
    }

    /// Whether a point is in a box, or within the noise of its distance.
    private func contains(_ object: StreetScene.Object, _ point: SIMD3<Float>) -> Bool {
        let offset = point - object.centre
        let c = Float(ElementaryFunctions.cos(Double(object.yaw)))
        let s = Float(ElementaryFunctions.sin(Double(object.yaw)))
        let (along, across) = (offset.x * c + offset.y * s, offset.y * c - offset.x * s)
        let slack: Float = 0.12
        return abs(along) <= object.length / 2 + slack && abs(across) <= object.width / 2 + slack
            && abs(offset.z) <= object.height / 2 + slack
    }

    @Test func whatMovesMoves() {
        let (first, second) = (StreetScene(seed: 3, frame: 0), StreetScene(seed: 3, frame: 1))
        let moved = zip(first.objects, second.objects).count { $0.centre != $1.centre }
        #expect(moved > 5)
        #expect(first.objects.filter { $0.className == "Wall" } == second.objects.filter { $0.className == "Wall" })
    }
}
