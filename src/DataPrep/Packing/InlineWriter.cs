using System.Buffers.Binary;
using System.Security.Cryptography;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Writes what stands behind the stripped CAR in an <c>.inline</c> file: which file each part of the content is of, the names, the footer.</summary>
internal static class InlineWriter
{
    private const int Buffer = 1 << 20;

    /// <summary>About what the table and the names of a tree take: of each file an entry and its name, of each folder its name, and a little for both.</summary>
    public static long RoomFor(SourceTree tree)
    {
        const int Around = InlineFooter.PartLength + 8;
        long bytes = 0;
        for (int i = 0; i < tree.Count; i++)
            bytes += tree[i].Kind is EntryKind.File or EntryKind.Directory ? Around + tree[i].Name.Length : 0;
        return bytes;
    }

    /// <summary>Completes a file that holds the stripped CAR, from its start to its end.</summary>
    /// <param name="tree">The tree of the whole dataset.</param>
    public static void Append(Stream file, PackedPiece piece, SourceTree tree)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Buffer];
        for (int read; (read = file.Read(buffer)) > 0;)
            hash.AppendData(buffer, 0, read);
        var output = new Output(file, hash, buffer);
        long names = WriteParts(output, piece, tree);
        WriteNames(output, piece, tree);
        output.Write(new InlineFooter
        {
            Profile = piece.Layout.Profile,
            CarSize = piece.Commitment.PayloadSize,
            PayloadSize = piece.Layout.CarSize,
            LeafEnd = piece.Layout.LeafEnd,
            ContentSize = piece.Layout.ContentSize,
            Parts = piece.Layout.FileCount,
            NamesLength = names,
            FirstOffset = piece.Layout.FileCount == 0 ? 0 : piece.Part.FileOffset(piece.Layout.FileEntry(0)),
            Root = piece.Commitment.Root.ToArray(),
        }.ToArray());
        output.Flush();
        file.Write(hash.GetHashAndReset());
    }

    /// <returns>Bytes of the names.</returns>
    private static long WriteParts(Output output, PackedPiece piece, SourceTree tree)
    {
        var (layout, names) = (piece.Layout, new Names(tree));
        Span<byte> entry = stackalloc byte[InlineFooter.PartLength];
        long content = 0;
        for (int i = 0; i < layout.FileCount; i++)
        {
            int inPiece = layout.FileEntry(i);
            if (i > 0 && piece.Part.FileOffset(inPiece) > 0)
                throw new InvalidOperationException($"Part {i} of the piece begins within a file, and only the first may.");
            BinaryPrimitives.WriteInt64LittleEndian(entry, layout.FirstSection(i));
            BinaryPrimitives.WriteInt64LittleEndian(entry[8..], content);
            long name = names.Place(piece.Part.Origin(inPiece), null);
            int metadata = layout.IsSingleLeaf(inPiece) ? layout.Metadata(inPiece).Length : 0;
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], (name << 8) | (long)metadata);
            output.Write(entry);
            content += layout.Tree[inPiece].Size;
        }

        return names.Length;
    }

    private static void WriteNames(Output output, PackedPiece piece, SourceTree tree)
    {
        var names = new Names(tree);
        for (int i = 0; i < piece.Layout.FileCount; i++)
            _ = names.Place(piece.Part.Origin(piece.Layout.FileEntry(i)), output);
    }

    /// <summary>
    /// Places names: each behind that of its folder, and to it says how far back that one is.
    /// <code>
    /// varint: bytes back to the name of its folder, 0 where that is the root | varint: length | name
    /// </code>
    /// The folders around the last file are kept, since the next one mostly stands there too.
    /// </summary>
    private sealed class Names(SourceTree tree)
    {
        private readonly Stack<(int Entry, long Place)> open = new();

        public long Length { get; private set; }

        /// <summary>Places a file's name; its place.</summary>
        /// <param name="output">Takes it and the names of folders that come before it; null where only places are wanted.</param>
        public long Place(int file, Output? output)
        {
            int folder = tree[file].Parent;
            while (open.TryPeek(out var inner) && (file < inner.Entry || file >= tree[inner.Entry].End))
                _ = open.Pop();
            // The root has no name, unless it is the file itself.
            var missing = new Stack<int>();
            for (int known = open.TryPeek(out var around) ? around.Entry : 0; folder > known; folder = tree[folder].Parent)
                missing.Push(folder);
            while (missing.TryPop(out int next))
                open.Push((next, Put(next, output)));
            return Put(file, output);
        }

        private long Put(int entry, Output? output)
        {
            long place = Length, back = open.TryPeek(out var folder) ? place - folder.Place : 0;
            var name = tree.Name(entry);
            Span<byte> head = stackalloc byte[2 * Varint.MaxLength];
            int length = Varint.Write(head, (ulong)back);
            length += Varint.Write(head[length..], (ulong)name.Length);
            output?.Write(head[..length]);
            output?.Write(name);
            Length += length + name.Length;
            return place;
        }
    }

    /// <summary>Writes and hashes through a buffer.</summary>
    private sealed class Output(Stream file, IncrementalHash hash, byte[] buffer)
    {
        private int filled;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length > buffer.Length - filled)
                Flush();
            if (bytes.Length > buffer.Length)
                throw new InvalidOperationException("A name is longer than the buffer.");
            bytes.CopyTo(buffer.AsSpan(filled));
            filled += bytes.Length;
        }

        public void Flush()
        {
            file.Write(buffer, 0, filled);
            hash.AppendData(buffer, 0, filled);
            filled = 0;
        }
    }
}
