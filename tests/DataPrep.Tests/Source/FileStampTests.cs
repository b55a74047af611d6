using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>What counts as a change of a file.</summary>
public sealed class FileStampTests
{
    private static FileStamp Scanned => new() { Device = 39, Inode = 7, Size = 100, ModifySeconds = 5, ModifyNanoseconds = 6, ChangeTime = 8, Mode = 0x81A4 };

    /// <summary>A network file system has another number on each machine that mounts it, and files of a plan are read on all of them.</summary>
    [Fact]
    public void AnotherDeviceIsNoChange() => Assert.Null((Scanned with { Device = 40 }).DifferenceFrom(Scanned));

    [Fact]
    public void EverythingElseIs()
    {
        Assert.Equal("replaced by another file", (Scanned with { Inode = 8 }).DifferenceFrom(Scanned));
        Assert.Equal("grew from 100 to 101 bytes", (Scanned with { Size = 101 }).DifferenceFrom(Scanned));
        Assert.Equal("shrank from 100 to 99 bytes", (Scanned with { Size = 99 }).DifferenceFrom(Scanned));
        Assert.Equal("was modified", (Scanned with { ModifySeconds = 6 }).DifferenceFrom(Scanned));
        Assert.Equal("was modified", (Scanned with { ModifyNanoseconds = 7 }).DifferenceFrom(Scanned));
        Assert.Equal("changed its status", (Scanned with { ChangeTime = 9 }).DifferenceFrom(Scanned));
    }
}
