// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Testing

@Suite struct TopologyTests {
    @Test func affinityListAndSharedCoresAreCounted() throws {
        let root = try TemporaryDirectory()
        try root.write("Name:\tx\nCpus_allowed_list:\t0-2,5\n", to: "proc/self/status")
        for (processor, core) in [(0, 0), (1, 0), (2, 1), (5, 1)] {
            let topology = "sys/devices/system/cpu/cpu\(processor)/topology"
            try root.write("\(core)\n", to: topology + "/core_id")
            try root.write(processor == 5 ? "1\n" : "0\n", to: topology + "/physical_package_id")
        }
        let topology = CPUTopology(root: root.path)
        #expect(topology.logicalProcessors == [0, 1, 2, 5])
        #expect(topology.physicalCoreCount == 3, "core 0 has two threads; core 1 of package 1 is another core")
        #expect(topology.usableCoreCount == 3)
    }

    @Test(arguments: [("250000 100000", 2), ("50000 100000", 1), ("max 100000", 4)])
    func versionTwoQuotaCutsTheUsableCores(quota: String, usable: Int) throws {
        let root = try TemporaryDirectory()
        try root.write("Cpus_allowed_list:\t0-3\n", to: "proc/self/status")
        try root.write("0::/outer/inner\n", to: "proc/self/cgroup")
        try root.write(quota + "\n", to: "sys/fs/cgroup/outer/cpu.max")
        try root.write("max 100000\n", to: "sys/fs/cgroup/outer/inner/cpu.max")
        #expect(CPUTopology(root: root.path).usableCoreCount == usable, "the tighter limit is one group above")
    }

    @Test func versionOneQuotaAndMemoryLimitAreRead() throws {
        let root = try TemporaryDirectory()
        try root.write("4:memory:/job\n3:cpu,cpuacct:/job\n0::/\n", to: "proc/self/cgroup")
        try root.write("150000\n", to: "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us")
        try root.write("100000\n", to: "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us")
        try root.write("1073741824\n", to: "sys/fs/cgroup/memory/job/memory.limit_in_bytes")
        try root.write("9223372036854771712\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
        let group = ControlGroup(root: root.path)
        #expect(group.coreQuota == 1.5)
        #expect(group.memoryByteCount == 1 << 30)
    }

    @Test func groupsWithoutLimitsLimitNothing() throws {
        let root = try TemporaryDirectory()
        try root.write("3:cpu:/\n", to: "proc/self/cgroup")
        try root.write("-1\n", to: "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        try root.write("100000\n", to: "sys/fs/cgroup/cpu/cpu.cfs_period_us")
        let group = ControlGroup(root: root.path)
        #expect(group.coreQuota == nil)
        #expect(group.memoryByteCount == nil)
    }

    @Test func cachesModelAndHugePagesAreRead() throws {
        let root = try TemporaryDirectory()
        try root.write("Cpus_allowed_list:\t0\n", to: "proc/self/status")
        try root.write("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n", to: "proc/cpuinfo")
        try root.write("always [madvise] never\n", to: "sys/kernel/mm/transparent_hugepage/enabled")
        let cache = "sys/devices/system/cpu/cpu0/cache/index0"
        try root.write("2\n", to: cache + "/level")
        try root.write("Unified\n", to: cache + "/type")
        try root.write("2048K\n", to: cache + "/size")
        try root.write("0,4-5\n", to: cache + "/shared_cpu_list")
        let topology = CPUTopology(root: root.path)
        #expect(topology.modelName == "Some CPU @ 2 GHz")
        #expect(topology.hugePageMode == "madvise")
        let expected = CPUTopology.Cache(level: 2, kind: "Unified", byteCount: 2 << 20, sharingProcessorCount: 3)
        #expect(topology.caches == [expected])
    }

    @Test func memoryLimitIsTheTighterOfMachineAndGroup() throws {
        let root = try TemporaryDirectory()
        try root.write("MemTotal:  2048 kB\nMemAvailable:  1024 kB\n", to: "proc/meminfo")
        #expect(MemoryLimits(root: root.path).usableByteCount == 2 << 20)
        try root.write("0::/\n", to: "proc/self/cgroup")
        try root.write("1048576\n", to: "sys/fs/cgroup/memory.max")
        #expect(MemoryLimits(root: root.path).usableByteCount == 1 << 20)
        #expect(MemoryLimits(root: root.path).availableByteCount == 1 << 20)
    }

    @Test func thisMachineHasACoreAndMemory() {
        #expect(CPUTopology.current.usableCoreCount >= 1)
        #expect(CPUTopology.current.usableCoreCount <= CPUTopology.current.logicalProcessors.count)
        #expect(MemoryLimits.current.usableByteCount > 0)
    }
}
