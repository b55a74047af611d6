using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>Large files of a disk are read past the page cache where it does not hold them; nobody can tell from the bytes.</summary>
public sealed class DirectInputTests : IDisposable
{
    private readonly TempFolder disk = new(onDisk: true);

    [Theory]
    [InlineData((9 << 20) + 4095, false)]
    [InlineData((9 << 20) + 1, true)]
    [InlineData(8 << 20, false)]
    [InlineData((1 << 20) - 1, false)]
    public void ReadsWhatIsThere(int size, bool dropBehind)
    {
        byte[] content = ScratchFolder.Bytes(size, size);
        var tree = Tree(content);
        var random = new Random(size);
        foreach (var io in Enum.GetValues<InputIo>())
        {
            using var reader = new LocalReader(tree, io, dropBehind);
            for (int round = 0; round < 6; round++)
            {
                if (round != 3)
                    Forget(); // in one round it is cached
                using var file = reader.Open(0);
                int from = random.Next(size), end = random.Next(from, size + 1);
                if (round is 0 or 3)
                    (from, end) = (0, size);
                file.Expect(from, end - from);
                byte[] read = new byte[end - from];
                for (int at = 0, length; at < read.Length; at += length)
                    file.Read(from + at, read.AsSpan(at, length = Math.Min(random.Next(1, 1 << 20), read.Length - at)));
                Assert.True(read.AsSpan().SequenceEqual(content.AsSpan(from..end)), $"{from} to {end}");

                // Also what was not expected
                file.Read(size / 3, read.AsSpan(0, Math.Min(read.Length, 100)));
                Assert.True(read.AsSpan(0, Math.Min(read.Length, 100)).SequenceEqual(content.AsSpan(size / 3, Math.Min(read.Length, 100))));
                file.Finish();
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFileThatEndsEarlyHasChanged(bool onceRead)
    {
        const int Size = 12 << 20;
        var tree = Tree(ScratchFolder.Bytes(Size, 1));
        Forget();
        using var reader = new LocalReader(tree);
        using var file = reader.Open(0);
        file.Expect(0, Size);
        byte[] read = new byte[1 << 20];
        if (onceRead)
            file.Read(0, read);
        using (var shorter = new FileStream(disk.Of("file"), FileMode.Open))
            shorter.SetLength((5 << 20) + 100);
        var change = Assert.Throws<SourceChangedException>(() =>
        {
            for (int at = 1 << 20; at < Size; at += read.Length)
                file.Read(at, read);
        });
        Assert.Equal("changed", change.Reason);
    }

    [Fact]
    public void WhatWasReadLeavesTheCacheUnlessItWasThere()
    {
        const int Size = 8 << 20;
        var tree = Tree(ScratchFolder.Bytes(Size, 2));
        byte[] read = new byte[Size];
        foreach (bool before in (bool[])[false, true])
        {
            Forget();
            if (Cached() > 0.5)
                Assert.Skip("Nothing leaves the page cache of this file system.");
            if (before)
                _ = File.ReadAllBytes(disk.Of("file"));
            using var reader = new LocalReader(tree, InputIo.Cached, dropBehind: true);
            using (var file = reader.Open(0))
            {
                file.Expect(0, Size);
                file.Read(0, read);
            }

            Assert.Equal(before, Cached() > 0.5);
        }
    }

    public void Dispose() => disk.Dispose();

    private double Cached()
    {
        using var file = File.OpenHandle(disk.Of("file"));
        return Posix.CachedShare((int)file.DangerousGetHandle(), 0, new FileInfo(disk.Of("file")).Length);
    }

    private void Forget()
    {
        using var file = File.OpenHandle(disk.Of("file"), FileMode.Open, FileAccess.ReadWrite);
        Assert.Equal(0, Posix.Flush(file));
        Posix.DropFromCache((int)file.DangerousGetHandle(), 0, 0);
    }

    private SourceTree Tree(byte[] content)
    {
        File.WriteAllBytes(disk.Of("file"), content);
        return LocalScanner.Scan([disk.Of("file")], new ScanOptions(), TestContext.Current.CancellationToken);
    }
}
