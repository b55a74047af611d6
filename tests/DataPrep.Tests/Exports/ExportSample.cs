using System.Diagnostics;
using System.Text;
using DataPrep.Distribution.Exports;
using DataPrep.Packing;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Exports;

/// <summary>A small dataset of several pieces, the same in every run: a file cut into parts, names that make trouble, a folder that is a shard, an empty one, a symlink.</summary>
internal sealed class ExportSample : IDisposable
{
    public const string Url = "https://example.org/piece/{pieceCid}";
    private readonly ScratchFolder scratch = new();

    public ExportSample(bool isInline = false)
    {
        _ = scratch.Noise("climate/long.bin", 5000);
        _ = scratch.File("climate/we\"ird, $(touch ran) 'name'\n.txt", "hello");
        _ = scratch.File("climate/<ü&\u2028>\\xff", "x");
        _ = scratch.File("climate/sub/empty", "");
        _ = scratch.Folder("climate/void");
        _ = File.CreateSymbolicLink(scratch.At("climate/sub/link"), "../long.bin");
        for (int i = 0; i < 12; i++)
            _ = scratch.File($"climate/wide/{i}", $"{i}");
        // Looks like a part of a file that was cut, and is none.
        _ = scratch.File("climate/parts/00000000000000000000", "no part");
        using (var shell = Process.Start("bash", ["-c", "printf y > \"$1\"/$'bad\\xff'", "bash", scratch.At("climate")]))
            shell.WaitForExit();
        using (var shell = Process.Start("find", [scratch.At("climate"), "-exec", "touch", "-h", "-d", "2024-02-03T04:05:06Z", "{}", "+"]))
            shell.WaitForExit();
        var profile = UnixFsProfile.V1Of2025 with { ChunkSize = 1024, MaxLinks = 2, HamtThreshold = 200, HamtFanout = 8 };
        Out = scratch.At("out");
        _ = new DatasetPacker(new PackOptions { Sources = [scratch.At("climate")], Output = Out, Profile = profile, LargestCarSize = 3500, Threads = 2, Inline = isInline }, new PackCounters(), default).Run();
    }

    public string Out { get; }

    public string At(string relative) => scratch.At(relative);

    public string Write(string relative, string content) => scratch.File(relative, content);

    public ExportDataset Dataset => new(Out);

    /// <summary>What a format needs, and something for each option that it takes.</summary>
    public ExportOptions OptionsFor(ExportFormat format)
    {
        var all = format.Needs | format.Takes;
        var pieces = Dataset.Pieces().ToList();
        return new ExportOptions
        {
            Provider = If(ExportOption.Provider, "f01234"),
            Client = If(ExportOption.Client, "f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za"),
            Urls = all.HasFlag(ExportOption.Url) ? [new UrlTemplate(Url), new UrlTemplate("https://mirror.example/{carFile}?a,b")] : [],
            Headers = all.HasFlag(ExportOption.Header) ? [new HttpHeader("Authorization", "Bearer abc"), new HttpHeader("X-A", "1:2")] : [],
            Allocations = all.HasFlag(ExportOption.Allocation) ? Values("--allocation", "ids", i => $"{100 + i}") : null,
            Uuids = all.HasFlag(ExportOption.Uuids) ? Values("--uuids", "uuids", i => $"00000000-0000-4000-8000-{i:d12}") : null,
            CarFolder = If(ExportOption.CarFolder, "/data/it's here"),
            Timestamp = all.HasFlag(ExportOption.Timestamp) ? new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero) : null,
        }.Check();

        string? If(ExportOption option, string value) => all.HasFlag(option) ? value : null;

        PieceValues Values(string option, string name, Func<int, string> value) =>
            PieceValues.Read(option, scratch.File(name, string.Concat(pieces.Select((piece, i) => $"{(i % 2 == 0 ? piece.Record.PieceCid : piece.Record.PieceCidV2)},{value(i)}\n"))), _ => true, "value");
    }

    public string Export(string name, List<string>? warnings = null, ExportOptions? options = null)
    {
        var format = ExportFormats.Find(name);
        using var stream = new MemoryStream();
        format.Write(Input(options ?? OptionsFor(format), warnings), stream);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(stream.ToArray());
    }

    public ExportInput Input(ExportOptions options, List<string>? warnings = null)
    {
        var dataset = Dataset;
        return new ExportInput(dataset, [.. dataset.Pieces()], options, (warnings ?? []).Add) { Cancel = TestContext.Current.CancellationToken };
    }

    public void Dispose() => scratch.Dispose();
}
