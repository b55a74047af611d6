using System.CommandLine;
using DataPrep.Aggregation;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Cli;

/// <summary><c>dataprep inspect</c></summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var file = new Argument<string>("CAR") { Description = "A CARv1 or CARv2 file, or an .inline file" };
        var blocks = new Option<bool>("--blocks") { Description = "List every block with offset, CID and length" };
        var segments = new Option<bool>("--segments") { Description = "List the pieces of an aggregate's payload, by the data segment index at its end" };
        var command = new Command("inspect", "Shows what a CAR holds, from its section headers: version, roots, blocks, codecs") { file, blocks, segments };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            if (parsed.GetValue(segments))
                return CommandRunner.Guard(terminal, () => InspectSegments(parsed.GetValue(file)!, parsed.GetValue(blocks), terminal));
            return CommandRunner.Guard(terminal, () => Inspect(parsed.GetValue(file)!, parsed.GetValue(blocks), terminal));
        });
        return command;
    }

    private static int Inspect(string path, bool listBlocks, Terminal terminal)
    {
        long count = 0, bytes = 0, longest = 0, end;
        var codecs = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var hashes = new SortedDictionary<string, long>(StringComparer.Ordinal);
        using var reader = CarBytes.OpenReader(path, new CarReadOptions { SkipData = true, AllowZeroPadding = true });
        end = reader.FirstSectionOffset;
        while (reader.TryReadSection(out var section))
        {
            CommandRunner.Cancel.ThrowIfCancellationRequested();
            count++;
            bytes += section.DataLength;
            longest = Math.Max(longest, section.DataLength);
            end = section.DataOffset + section.DataLength;
            Add(codecs, CodecName(section.Cid.Codec));
            Add(hashes, HashName(section.Cid.MultihashCode));
            if (!listBlocks)
                continue;
            var block = section;
            terminal.Event("block", writer =>
            {
                writer.WriteNumber("offset", block.Offset);
                writer.WriteString("cid", block.Cid.ToString());
                writer.WriteNumber("dataOffset", block.DataOffset);
                writer.WriteNumber("length", block.DataLength);
            });
            terminal.Result($"{section.Offset,14} {section.DataLength,9} {section.Cid}");
        }

        using var car = CarBytes.Open(path);
        long size = car.Length;
        long padding = reader.Version == 1 ? size - end : 0;
        terminal.Event("summary", writer =>
        {
            writer.WriteString("path", path);
            writer.WriteNumber("size", size);
            writer.WriteNumber("version", reader.Version);
            writer.WriteStartArray("roots");
            foreach (var root in reader.Roots)
                writer.WriteStringValue(root.ToString());
            writer.WriteEndArray();
            writer.WriteNumber("headerSize", reader.FirstSectionOffset - reader.DataOffset);
            writer.WriteNumber("blocks", count);
            writer.WriteNumber("blockBytes", bytes);
            writer.WriteNumber("longestBlock", longest);
            WriteCounts(writer, "codecs", codecs);
            WriteCounts(writer, "hashes", hashes);
            writer.WriteNumber("zeroPadding", padding);
        });
        terminal.Result($"{path}: CARv{reader.Version}, {size} bytes");
        foreach (var root in reader.Roots)
            terminal.Result($"  root     {root}");
        terminal.Result($"  header   {reader.FirstSectionOffset - reader.DataOffset} bytes");
        terminal.Result($"  blocks   {count}, {bytes} bytes, the longest {longest}");
        terminal.Result($"  codecs   {Text(codecs)}");
        terminal.Result($"  hashes   {Text(hashes)}");
        if (padding > 0)
            terminal.Result($"  padding  {padding} zero bytes");
        return ExitCode.Done;
    }

    private static int InspectSegments(string path, bool listBlocks, Terminal terminal)
    {
        if (listBlocks)
            throw new UsageException("--blocks is of a CAR, --segments of an aggregate's payload");
        using var payload = CarBytes.Open(path);
        var index = SegmentIndex.Read(payload.Read, payload.Length);
        foreach (var (number, entry) in index.Entries)
        {
            string cid = PieceCid.V1(entry.Root.Span).ToString();
            terminal.Event("segment", writer =>
            {
                writer.WriteNumber("index", number);
                writer.WriteString("pieceCid", cid);
                writer.WriteNumber("pieceSize", entry.Size);
                writer.WriteNumber("offset", entry.Offset);
            });
            terminal.Result($"{number,6}  {entry.Offset,12}  {SizeText.Format(entry.Size),8}  {cid}");
        }

        terminal.Event("summary", writer =>
        {
            writer.WriteString("path", path);
            writer.WriteNumber("size", payload.Length);
            writer.WriteNumber("pieceSize", index.DealSize);
            writer.WriteNumber("segments", index.Entries.Count);
            writer.WriteNumber("invalid", index.Invalid);
        });
        string others = index.Invalid > 0 ? $", and {index.Invalid} entries that are none" : "";
        terminal.Result($"{path}: {index.Entries.Count} pieces in the index of a deal of {SizeText.Format(index.DealSize)}{others}");
        return ExitCode.Done;
    }

    private static void Add(SortedDictionary<string, long> counts, string name) => counts[name] = counts.GetValueOrDefault(name) + 1;

    private static string Text(SortedDictionary<string, long> counts) => string.Join(", ", counts.Select(c => $"{c.Key} {c.Value}"));

    private static void WriteCounts(System.Text.Json.Utf8JsonWriter writer, string name, SortedDictionary<string, long> counts)
    {
        writer.WriteStartObject(name);
        foreach (var (key, count) in counts)
            writer.WriteNumber(key, count);
        writer.WriteEndObject();
    }

    private static string CodecName(ulong code) => code switch
    {
        Multicodec.Raw => "raw",
        Multicodec.DagPb => "dag-pb",
        Multicodec.DagCbor => "dag-cbor",
        _ => $"0x{code:x}",
    };

    private static string HashName(ulong code) => code switch
    {
        Multicodec.Sha256 => "sha2-256",
        Multicodec.Identity => "identity",
        Multicodec.Blake2b256 => "blake2b-256",
        _ => $"0x{code:x}",
    };
}
