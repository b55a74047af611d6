using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Records;

public sealed class AppendedFileTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void LinesFollowEachOtherAndATornOneStaysAlone()
    {
        string path = scratch.At("history");
        AppendedFile.Append(path, "one\n"u8);
        AppendedFile.Append(path, "two\n"u8);
        File.AppendAllText(path, "to");
        AppendedFile.Append(path, "three\n"u8);
        AppendedFile.Append(path, []);
        Assert.Equal("one\ntwo\nto\nthree\n", File.ReadAllText(path));
        Assert.Throws<IOException>(() => AppendedFile.Append(scratch.At("none/history"), "x\n"u8));
        Assert.Throws<IOException>(() => AppendedFile.Append(scratch.Root, "x\n"u8));
    }

    [Fact]
    public void ManyAtOnceLoseNothing()
    {
        string path = scratch.At("history");
        Parallel.For(0, 20, i => AppendedFile.Append(path, System.Text.Encoding.UTF8.GetBytes($"{i}\n")));
        Assert.Equal(Enumerable.Range(0, 20), File.ReadAllLines(path).Select(int.Parse).Order());
    }
}
