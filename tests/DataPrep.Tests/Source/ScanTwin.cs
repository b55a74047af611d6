using System.Diagnostics;
using System.Text;
using DataPrep.Source;
using DataPrep.Tests.Reference;

namespace DataPrep.Tests.Source;

/// <summary>What a scan should find, as find(1) sees it; and what one did find, as text.</summary>
internal static class ScanTwin
{
    /// <summary>Path, type, size and target of all that is taken below a folder, in canonical order.</summary>
    public static List<string> Expected(string root)
    {
        using var find = Process.Start(new ProcessStartInfo("find", [root, "-mindepth", "1", "-printf", @"%P\0%y\0%s\0%l\0"]) { RedirectStandardOutput = true })!;
        using var output = new MemoryStream();
        find.StandardOutput.BaseStream.CopyTo(output);
        find.WaitForExit();
        string[] fields = Encoding.Latin1.GetString(output.ToArray()).Split('\0');
        var entries = new List<(byte[][] Parts, string Text)>();
        for (int i = 0; i + 3 < fields.Length; i += 4)
        {
            long? size = fields[i + 1] switch { "f" => long.Parse(fields[i + 2]), "d" => 0, "l" => fields[i + 3].Length, _ => null };
            if (size is not null)
                entries.Add(([.. fields[i].Split('/').Select(Encoding.Latin1.GetBytes)], $"{fields[i]} {fields[i + 1]} {size} {fields[i + 3]}"));
        }

        entries.Sort((a, b) =>
        {
            int common = 0;
            while (common < a.Parts.Length && common < b.Parts.Length && a.Parts[common].AsSpan().SequenceEqual(b.Parts[common]))
                common++;
            return common == a.Parts.Length || common == b.Parts.Length ? a.Parts.Length - b.Parts.Length : RefBytes.Compare(a.Parts[common], b.Parts[common]);
        });
        return [.. entries.Select(entry => entry.Text)];
    }

    /// <summary>The same of a scanned tree.</summary>
    public static List<string> Found(SourceTree tree) =>
    [
        .. Enumerable.Range(1, tree.Count - 1).Select(i =>
        {
            char kind = tree[i].Kind switch { EntryKind.File => 'f', EntryKind.Directory => 'd', _ => 'l' };
            return $"{Encoding.Latin1.GetString(tree.DatasetPath(i))} {kind} {tree[i].Size} {Encoding.Latin1.GetString(tree.Target(i))}";
        }),
    ];

    /// <summary>Everything that a scan gives.</summary>
    public static List<string> All(SourceTree tree) =>
    [
        .. Enumerable.Range(0, tree.Count).Select(i =>
            $"{Convert.ToHexString(tree.DatasetPath(i))} {tree[i].Kind} {tree.Stamp(i)} {tree[i].Parent} {tree[i].End} {Convert.ToHexString(tree.Target(i))}"),
        .. tree.Skipped.Select(skipped => $"skipped {Convert.ToHexString(skipped.Path)} {skipped.Reason} {skipped.Detail}"),
    ];
}
