using System.Buffers.Binary;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// The inodes that the entries of a packed dataset had, of remote files a hash of their tag, for a later version to tell a replaced file by. In the work folder, since
/// they say something of this machine alone.
/// <code>
/// magic 8 | inode 8, little-endian, for each line of files.jsonl
/// </code>
/// </summary>
internal sealed class InodeList : IDisposable
{
    public const string FileName = "inodes";
    private readonly FileStream file;

    private InodeList(FileStream file) => this.file = file;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'I', (byte)'N', (byte)'O', (byte)'D', (byte)'\n'];

    public static void Write(OutputFolder folder, SourceTree tree) => folder.WriteWork(FileName, stream =>
    {
        stream.Write(Magic);
        Span<byte> inode = stackalloc byte[sizeof(ulong)];
        for (int i = tree[0].Kind == EntryKind.Directory ? 1 : 0; i < tree.Count; i++)
        {
            if (tree[i].Kind == EntryKind.Removed)
                continue;
            BinaryPrimitives.WriteUInt64LittleEndian(inode, tree.Identity(i));
            stream.Write(inode);
        }
    });

    /// <summary>Null where a dataset has none, as when it was copied from elsewhere, or one of another length.</summary>
    /// <param name="lines">Lines of the dataset's files.jsonl.</param>
    public static InodeList? Open(OutputFolder folder, long lines)
    {
        string path = folder.WorkFile(FileName);
        if (!File.Exists(path))
            return null;
        var list = new InodeList(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 << 10));
        Span<byte> magic = stackalloc byte[Magic.Length];
        if (list.file.Length == Magic.Length + (lines * sizeof(ulong)) && list.file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual(Magic))
            return list;
        list.Dispose();
        return null;
    }

    /// <param name="line">Number of the line, from 0.</param>
    public ulong this[long line]
    {
        get
        {
            Span<byte> inode = stackalloc byte[sizeof(ulong)];
            file.Position = Magic.Length + (line * sizeof(ulong));
            file.ReadExactly(inode);
            return BinaryPrimitives.ReadUInt64LittleEndian(inode);
        }
    }

    public void Dispose() => file.Dispose();
}
