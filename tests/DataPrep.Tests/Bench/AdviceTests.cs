using DataPrep.Cli.Bench;
using Xunit;

namespace DataPrep.Tests.Bench;

/// <summary>What is said of machines that do not exist.</summary>
public sealed class AdviceTests
{
    private const double GB = 1e9;

    /// <summary>Eight cores that scale, and a disk that nothing waits for.</summary>
    private static Ceilings Machine => new(8, 4 * GB)
    {
        ComputeOne = 0.5 * GB,
        Hash = 4.4 * GB,
        HashOne = 0.55 * GB,
        Copy = 30 * GB,
        Folder = "/data",
        IsCold = true,
        Read = 12 * GB,
        Write = 10 * GB,
        Pack = 3.8 * GB,
    };

    private static string Text(Advice advice) => string.Join('\n', advice.Sentences);

    [Fact]
    public void CoresThatHash()
    {
        var advice = Advice.Of(Machine);
        Assert.Equal((Limit.Cores, 3.8 * GB, Limit.DiskWrite, 10 * GB), (advice.Limit, advice.Rate, advice.Next, advice.NextRate));
        Assert.Contains("Packing is limited by the cores, which hash: 4.00 GB/s with 8 threads. All together it did 3.80 GB/s.", advice.Sentences);
        Assert.Contains("More or faster cores help up to 10.0 GB/s, where writing becomes the limit; a faster disk does not.", advice.Sentences);
        Assert.Contains("With 8 threads instead of one the rate from memory is 8.0 times as high: 4.00 GB/s instead of 500 MB/s.", advice.Sentences);
    }

    [Fact]
    public void ASlowOutput()
    {
        var advice = Advice.Of(Machine with { Write = 0.42 * GB, Pack = 0.4 * GB });
        Assert.Equal((Limit.DiskWrite, Limit.Cores, 4 * GB), (advice.Limit, advice.Next, advice.NextRate));
        Assert.Contains("Packing is limited by writing to /data: 420 MB/s. Hashing could do 4.00 GB/s, reading 12.0 GB/s. All together it did 400 MB/s.", advice.Sentences);
        Assert.Contains("A faster output disk helps up to 4.00 GB/s, where the cores become the limit; more cores do not.", advice.Sentences);
        Assert.Contains("At 400 MB/s 1 TiB takes 46 minutes, 1 PiB 32.6 days, a piece of 32 GiB 85 s.", advice.Sentences);
    }

    [Fact]
    public void ASlowSource()
    {
        var advice = Advice.Of(Machine with { Read = 1 * GB, Write = 2 * GB, Pack = 0.95 * GB });
        Assert.Equal((Limit.DiskRead, Limit.DiskWrite), (advice.Limit, advice.Next));
        Assert.Contains("A faster source disk helps up to 2.00 GB/s, where writing becomes the limit; more cores do not.", advice.Sentences);
    }

    [Fact]
    public void OneDiskForBoth()
    {
        var advice = Advice.Of(Machine with { Read = 1 * GB, Write = 1.2 * GB, Pack = 0.5 * GB });
        Assert.Equal((Limit.OneDisk, 0.5 * GB, Limit.DiskRead, 1 * GB), (advice.Limit, advice.Rate, advice.Next, advice.NextRate));
        Assert.Contains("A second disk for the output helps up to 1.00 GB/s, where reading becomes the limit; more cores do not.", advice.Sentences);
    }

    [Fact]
    public void CoresThatReadAndWriteAsWell()
    {
        var advice = Advice.Of(Machine with { Pack = 2 * GB });
        Assert.Equal((Limit.Cores, 2 * GB, Limit.DiskWrite), (advice.Limit, advice.Rate, advice.Next));
        Assert.Contains("Packing is limited by the cores: 2.00 GB/s. They could hash 4.00 GB/s from memory, but have to read and write as well.", advice.Sentences);
    }

    [Fact]
    public void MemoryThatThreadsShare()
    {
        // One thread loses a tenth beside what its cache holds, all of them more than half.
        var advice = Advice.Of(Machine with { Hash = 4.4 * GB, Compute = 1.8 * GB, Copy = 6 * GB, Pack = 1.7 * GB });
        Assert.Equal((Limit.Memory, Limit.DiskWrite), (advice.Limit, advice.Next));
        Assert.Contains("Packing is limited by memory: 1.70 GB/s. On data in their caches 8 threads could hash 4.40 GB/s; all of them together copy 6.00 GB/s.", advice.Sentences);
        Assert.Contains("More memory channels, or all of them fitted, help up to 10.0 GB/s, where writing becomes the limit; more cores do not.", advice.Sentences);
    }

    [Fact]
    public void MemoryWithPlentyToSpareIsNotBlamed() =>
        Assert.Equal(Limit.Cores, Advice.Of(Machine with { Hash = 4.4 * GB, Compute = 1.8 * GB, Copy = 30 * GB, Pack = 1.7 * GB }).Limit);

    [Fact]
    public void SmallFiles()
    {
        var advice = Advice.Of(Machine with { SmallFiles = 100_000, SmallInMemory = 900_000 });
        Assert.Equal(38_000, advice.FileSize!.Value, 1e-6);
        Assert.Contains("Of files of 1 kB it packs 100,000 a second. Where files have less than about 38 kB on average, their number is the limit, not their bytes. Hashed from memory it would be 900,000 a second: opening, reading and listing them takes the time.", advice.Sentences);
        Assert.Contains("the cores take the time", Text(Advice.Of(Machine with { SmallFiles = 100_000, SmallInMemory = 110_000 })), StringComparison.Ordinal);
    }

    [Fact]
    public void TwoThatAreEquallySlow()
    {
        var advice = Advice.Of(Machine with { Write = 4.1 * GB });
        Assert.Equal((Limit.Cores, Limit.DiskWrite), (advice.Limit, advice.Next));
        Assert.Contains("Writing is about as slow (4.10 GB/s): either alone helps little when it is faster.", advice.Sentences);
    }

    [Fact]
    public void WhatWasNotMeasuredIsNotAdvised()
    {
        var noDisk = Advice.Of(new Ceilings(1, 1 * GB));
        Assert.Equal((Limit.Cores, 1 * GB, null, null, null), (noDisk.Limit, noDisk.Rate, noDisk.Next, noDisk.NextRate, noDisk.FileSize));
        Assert.Contains("More or faster cores help; up to where is not known, as no disk was measured.", noDisk.Sentences);
        Assert.Contains("No disk was measured: name a folder on it.", noDisk.Sentences);

        var inMemory = Advice.Of(Machine with { InMemory = true, IsCold = false, Write = 0.1 * GB, Read = 0.1 * GB });
        Assert.Equal((Limit.Cores, null), (inMemory.Limit, inMemory.Next));
        Assert.Contains("/data is in memory: what it says of reading and writing does not hold for a disk.", inMemory.Sentences);

        var cached = Advice.Of(Machine with { IsCold = false, Read = 0.1 * GB });
        Assert.Equal(Limit.Cores, cached.Limit);
        Assert.Contains("Reading was not measured: the page cache of /data did not forget the file.", cached.Sentences);
    }

    [Fact]
    public void AFasterKernelIsNamed()
    {
        var other = new KernelRate("b", 1.2 * GB);
        Assert.Contains("DATAPREP_SHA256=b", Text(Advice.Of(Machine with { Kernel = new("a", 1 * GB), BestKernel = other })), StringComparison.Ordinal);
        Assert.DoesNotContain("DATAPREP_SHA256", Text(Advice.Of(Machine with { Kernel = new("a", 1.15 * GB), BestKernel = other })), StringComparison.Ordinal);
    }

    [Fact]
    public void CeilingsAreThoseOfTheResults()
    {
        BenchResult Of(string name, int threads, double rate, double? files = null) => new(name, rate, 1) { Threads = threads, FilesPerSecond = files };
        var c = Ceilings.Of([Of("pipeline/memory", 1, 5), Of("pipeline/memory", 4, 16), Of("commp", 1, 12), Of("leaves", 1, 12), Of("commp", 4, 40), Of("leaves", 4, 40), Of("disk/read", 1, 7), Of("disk/read-direct", 4, 9), Of("disk/read-random", 16, 99),
            Of("disk/write", 1, 8), Of("disk/write-direct", 4, 6), Of("pack", 4, 3), Of("small/1kB/files", 4, 1, 50), Of("small/1kB/memory", 4, 1, 70), Of("x/leaves+commp", 1, 3), Of("y/leaves+commp", 1, 4)], 4, "x");
        Assert.Equal((16, 5, 20.0, 6.0), (c.Compute, c.ComputeOne, c.Hash!.Value, c.HashOne!.Value));
        Assert.Equal((9, 8, 3, 50, 70), (c.Read, c.Write, c.Pack, c.SmallFiles, c.SmallInMemory));
        Assert.Equal((new KernelRate("x", 3), new KernelRate("y", 4)), (c.Kernel, c.BestKernel));
        Assert.Equal(16.0 / 20 / (5.0 / 6), c.MemoryLoss!.Value, 1e-12);
    }

    [Fact]
    public void ANoisyMachineIsToldSo()
    {
        Assert.Null(new Quietness(0.05, 0, 0.05).Complaint);
        Assert.Null(new Quietness(null, null, 0.05).Complaint);
        Assert.Equal("other processes took 40 % of the CPU time; the hypervisor gave 5 % of it to other machines; the reference, which should always be the same, varied by 30 %", new Quietness(0.4, 0.05, 0.3).Complaint);
        Assert.Equal((6.0, 0.5, 11.5), CpuTime.Parse("cpu  100 200 300 400 100 0 0 50 0 0"));
        Assert.Null(CpuTime.Parse("cpu  100 two"));
        Assert.Null(CpuTime.Parse(""));
    }

    [Fact]
    public void MachinesAndMountsAreReadFromTheKernel()
    {
        Assert.Equal("AMD EPYC (family 25, model 1)", DataPrep.Cli.Bench.Machine.CpuIn(["cpu family\t: 25", "model\t\t: 1", "model name\t: AMD EPYC"], "X64"));
        Assert.Equal("Arm64 (implementer 0x41, part 0xd0c)", DataPrep.Cli.Bench.Machine.CpuIn(["CPU implementer\t: 0x41", "CPU part\t: 0xd0c"], "Arm64"));
        Assert.Equal("X64", DataPrep.Cli.Bench.Machine.CpuIn([], "X64"));
        string[] mounts =
        [
            "1 0 8:1 / / rw - ext4 /dev/root rw",
            "2 1 8:2 / /data rw shared:1 - xfs /dev/sdb rw",
            "3 1 8:3 / /data\\040two rw shared:1 master:2 - nfs4 server:/a\\040b rw",
            "4 1 8:4 / /data rw - btrfs /dev/sdc rw",
            "broken",
        ];
        Assert.Equal(("btrfs", "/dev/sdc"), BenchFolder.MountOf("/data/x", mounts));
        Assert.Equal(("nfs4", "server:/a b"), BenchFolder.MountOf("/data two", mounts));
        Assert.Equal(("ext4", "/dev/root"), BenchFolder.MountOf("/database", mounts));
        Assert.Equal(("unknown", "unknown"), BenchFolder.MountOf("/", []));
    }
}
