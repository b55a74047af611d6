using System.Diagnostics;
using System.Text;
using DataPrep.Extraction;
using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Extraction;

/// <summary>What stands on disk below a folder, and what should, as lines of text.</summary>
internal static class DiskTree
{
    /// <summary>Path, type, mode, time, target and content of everything below a folder, as find(1) and a plain read see it.</summary>
    public static List<string> Lines(string root)
    {
        using var find = Process.Start(new ProcessStartInfo("find", [root, "-mindepth", "1", "-printf", @"%P\0%y\0%m\0%l\0"]) { RedirectStandardOutput = true })!;
        using var output = new MemoryStream();
        find.StandardOutput.BaseStream.CopyTo(output);
        find.WaitForExit();
        string[] fields = Encoding.Latin1.GetString(output.ToArray()).Split('\0');
        var lines = new List<string>();
        for (int i = 0; i + 3 < fields.Length; i += 4)
        {
            byte[] path = Encoding.Latin1.GetBytes(fields[i]);
            Assert.Equal(0, Posix.StatPath([.. PathText.FromArgument(root), (byte)'/', .. path], out var stamp));
            string type = fields[i + 1], content = type == "f" ? Convert.ToHexString(Content([.. PathText.FromArgument(root), (byte)'/', .. path])) : "";
            lines.Add(Line(path, type, type == "l" ? "" : fields[i + 2], (stamp.ModifySeconds, stamp.ModifyNanoseconds), Encoding.Latin1.GetBytes(fields[i + 3]), content));
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The same of a sample; a root that is no folder has a name.</summary>
    public static List<string> Lines(Sample root, string name)
    {
        var lines = root.Walk(root is SampleFolder ? [] : PathText.FromArgument(name)).Where(entry => entry.Path.Length > 0).Select(entry => Line(
            entry.Path,
            entry.Node switch { SampleFile => "f", SampleFolder => "d", _ => "l" },
            entry.Node is SampleLink ? "" : Convert.ToString(entry.Node.Mode, 8),
            entry.Node.Mtime,
            entry.Node is SampleLink link ? link.Target : [],
            entry.Node is SampleFile file ? Convert.ToHexString(file.Content) : "")).ToList();
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>Extracts in this process.</summary>
    public static (ExtractTotals Totals, List<Finding> Findings) Extract(string[] targets, string folder, string[]? paths = null, bool overwrite = false, int threads = 2, long range = 32 << 20)
    {
        var findings = new List<Finding>();
        var faults = new List<Exception>();
        using var source = DagSource.Open(targets, [], faults.Add);
        using var target = TargetFolder.Open(folder);
        var extractor = new Extractor(source, target, new PathSelection(paths ?? []), overwrite, new FindingLog(findings.Add), threads, new PackCounters(), TestContext.Current.CancellationToken) { RangeSize = range };
        var totals = extractor.Run();
        return (totals, findings);
    }

    private static byte[] Content(byte[] path)
    {
        int fd = Posix.Open(path, Posix.O_RDONLY | Posix.O_CLOEXEC, out int error);
        Assert.Equal(0, error);
        Assert.Equal(0, Posix.Stat(fd, out var stamp));
        byte[] content = new byte[stamp.Size];
        Assert.Equal(content.Length, Posix.ReadAt(fd, 0, content, out _));
        Posix.Close(fd);
        return content;
    }

    private static string Line(byte[] path, string type, string mode, (long Seconds, int Nanos) time, byte[] target, string content) =>
        $"{Convert.ToHexString(path)} {type} {mode} {time} {Convert.ToHexString(target)} {content}";
}
