using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Hashing;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Takes a block that was made; the bytes are valid during the call only.</summary>
/// <param name="cid">Of the block.</param>
/// <param name="block">Its bytes, at most 2 MiB.</param>
public delegate void BlockHandler(Cid cid, ReadOnlySpan<byte> block);

/// <summary>A file, folder or symlink as a DAG.</summary>
/// <param name="Cid">Of its root block: what <c>ipfs add</c> gives under the same profile.</param>
/// <param name="DagSize">Cumulative size in bytes, the Tsize of a link to it.</param>
public readonly record struct UnixFsNode(Cid Cid, long DagSize);

/// <summary>
/// Builds UnixFS DAGs block by block, for those who want blocks and CIDs and no pieces: <see cref="Packing.Packer"/> makes these, and reads files by many
/// threads. Children are built before their folder. Holds a chunk, and 32 bytes for each chunk of the file at hand. Not safe for several threads.
/// Modes and times have no part in it, whatever the profile says. Specification: IPIP-499, and the UnixFS specification of IPFS.
/// </summary>
public sealed class UnixFsBuilder
{
    // More than any envelope takes before its content.
    private const int PrefixRoom = 64;

    private readonly UnixFsProfile profile;
    private readonly BlockHandler? onBlock;
    private readonly Sink sink;
    private readonly DirectoryNode directories;
    private readonly byte[] buffer;

    /// <param name="profile">The parameters that decide the CIDs; null for <see cref="UnixFsProfile.V1Of2025"/>.</param>
    /// <param name="onBlock">Takes each block, of a file first the leaves, its root last; null where only CIDs are wanted. What is equal is handed over again.</param>
    /// <exception cref="ArgumentException">The profile's parameters make no sense.</exception>
    public UnixFsBuilder(UnixFsProfile? profile = null, BlockHandler? onBlock = null)
    {
        this.profile = profile ?? UnixFsProfile.V1Of2025;
        if (this.profile.Problem() is { } problem)
            throw new ArgumentException(problem, nameof(profile));
        this.onBlock = onBlock;
        sink = new Sink(this);
        directories = new DirectoryNode(this.profile);
        buffer = new byte[PrefixRoom + this.profile.ChunkSize + PrefixRoom];
    }

    private Memory<byte> Chunk => buffer.AsMemory(PrefixRoom, profile.ChunkSize);

    /// <summary>Builds a file of what a stream holds from its position to its end.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public UnixFsNode AddFile(Stream content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var file = new File(this);
        while (content.ReadAtLeast(Chunk.Span, profile.ChunkSize, throwOnEndOfStream: false) is var read && file.Add(read))
        {
        }

        return file.End();
    }

    /// <inheritdoc cref="AddFile(Stream)"/>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<UnixFsNode> AddFileAsync(Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var file = new File(this);
        while (file.Add(await content.ReadAtLeastAsync(Chunk, profile.ChunkSize, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)))
        {
        }

        return file.End();
    }

    /// <summary>Builds a folder, sharded where the profile says so.</summary>
    /// <param name="entries">Names and what has them, in any order.</param>
    /// <exception cref="ArgumentException">A name is empty, has a slash or a NUL in it, is '.' or '..', or is there twice; or a node was not built.</exception>
    /// <exception cref="InvalidDataException">It is not to be sharded, and its block would be larger than 2 MiB.</exception>
    public UnixFsNode AddDirectory(IEnumerable<KeyValuePair<string, UnixFsNode>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var links = new Links(entries);
        var size = directories.Measure(links, default);
        byte[] digest = new byte[DigestTable.RowSize];
        directories.Emit(links, default, sink, digest);
        return new UnixFsNode(profile.CidOf(false, digest), size.DagSize);
    }

    /// <summary>Builds a symlink.</summary>
    /// <param name="target">Where it points to.</param>
    public UnixFsNode AddSymlink(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        byte[] bytes = Encoding.UTF8.GetBytes(target), digest = new byte[DigestTable.RowSize];
        directories.EmitSymlink(bytes, default, sink, digest);
        return new UnixFsNode(profile.CidOf(false, digest), directories.MeasureSymlink(bytes.Length, default).DagSize);
    }

    /// <summary>A file in the making.</summary>
    private sealed class File(UnixFsBuilder builder)
    {
        private readonly ArrayBufferWriter<byte> digests = new();
        private long size;

        private UnixFsProfile Profile => builder.profile;

        /// <summary>Takes a chunk that stands in the buffer; false after the last.</summary>
        public bool Add(int length)
        {
            // A file whose chunks are all full ends with one of no length, which is none, but for that of an empty file.
            if (length == 0 && size > 0)
                return false;
            var shape = new LeafShape(Profile, length, default);
            var block = builder.buffer.AsSpan(PrefixRoom - shape.PrefixLength, shape.BlockLength);
            shape.WriteEnvelope(block);
            var digest = digests.GetSpan(DigestTable.RowSize)[..DigestTable.RowSize];
            SHA256.HashData(block, digest);
            builder.onBlock?.Invoke(Profile.CidOf(shape.IsRaw, digest), block);
            digests.Advance(DigestTable.RowSize);
            size += length;
            return length == Profile.ChunkSize;
        }

        public UnixFsNode End()
        {
            int leaves = digests.WrittenCount / DigestTable.RowSize;
            if (leaves == 1)
            {
                var shape = new LeafShape(Profile, (int)size, default);
                return new UnixFsNode(Profile.CidOf(shape.IsRaw, digests.WrittenSpan), shape.BlockLength);
            }

            using var table = new DigestTable(leaves);
            digests.WrittenSpan.CopyTo(table.Rows(0, leaves));
            var nodes = new BalancedFile(Profile, size, default);
            Span<byte> root = stackalloc byte[DigestTable.RowSize];
            nodes.Emit(table, 0, builder.sink, root);
            return new UnixFsNode(Profile.CidOf(false, root), nodes.Size.DagSize);
        }
    }

    private sealed class Sink(UnixFsBuilder builder) : IBlockSink
    {
        public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
        {
            SHA256.HashData(block, digest);
            builder.onBlock?.Invoke(builder.profile.CidOf(false, digest), block);
        }
    }

    private sealed class Links : IDirectoryLinks
    {
        private readonly (byte[] Name, UnixFsNode Node)[] links;

        public Links(IEnumerable<KeyValuePair<string, UnixFsNode>> entries)
        {
            links = [.. entries.Select(entry => (Encoding.UTF8.GetBytes(entry.Key), entry.Value))];
            Array.Sort(links, (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
            for (int i = 0; i < links.Length; i++)
            {
                var (name, node) = links[i];
                if (name.Length == 0 || name.AsSpan().IndexOfAny((byte)'/', (byte)0) >= 0 || name is [(byte)'.'] or [(byte)'.', (byte)'.'])
                    throw new ArgumentException($"'{Encoding.UTF8.GetString(name)}' cannot be a name in a folder.", nameof(entries));
                if (i > 0 && name.AsSpan().SequenceEqual(links[i - 1].Name))
                    throw new ArgumentException($"Two entries have the name '{Encoding.UTF8.GetString(name)}'.", nameof(entries));
                if (!node.Cid.IsDefined)
                    throw new ArgumentException($"What '{Encoding.UTF8.GetString(name)}' names has not been built.", nameof(entries));
            }
        }

        public int Count => links.Length;

        public ReadOnlySpan<byte> Name(int index) => links[index].Name;

        public int CidLength(int index) => links[index].Node.Cid.ByteLength;

        public long DagSize(int index) => links[index].Node.DagSize;

        public int WriteCid(int index, Span<byte> destination) => links[index].Node.Cid.WriteTo(destination);
    }
}
