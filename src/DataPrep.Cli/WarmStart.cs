using DataPrep.Cli.Bench;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Cli;

/// <summary>
/// Packs next to nothing, in memory, on a thread of its own while the command line is read and the source is scanned: what packing takes of
/// types and code is loaded by the time that it is needed, on a core that has nothing to do yet.
/// </summary>
internal static class WarmStart
{
    public static void Begin() => new Thread(Run) { IsBackground = true, Name = "warm start" }.Start();

    private static void Run()
    {
        try
        {
            var tree = new SourceTree();
            int root = tree.Add(EntryKind.Directory, [], [], new FileStamp { Mode = Posix.S_IFDIR }, -1, "/"u8.ToArray());
            _ = tree.Add(EntryKind.File, "a"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = 1 }, root);
            _ = tree.Add(EntryKind.File, "b"u8, [], new FileStamp { Mode = Posix.S_IFREG, Size = UnixFsProfile.V1Of2025.ChunkSize + 1 }, root);
            tree.Close(root);
            _ = PipelineBench.Pack(tree, new MemoryReader(new byte[1 << 10]), 1, default);
            var record = EntryRecord.Of(tree, 1)! with { Cid = "", Parts = [new FilePart("", 0, 1, 0)] };
            RecordFile.WriteLines(Stream.Null, [record], RecordWriting.Default.FileRecord);
            _ = RunInstruments.Runs;
            RecordFile.WriteLines(Stream.Null, Array.Empty<PieceRecord>(), RecordWriting.Default.PieceRecord);
        }
#pragma warning disable CA1031 // What is wrong, the command will find as well, and say
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
