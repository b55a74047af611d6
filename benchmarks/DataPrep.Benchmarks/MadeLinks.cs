using System.Globalization;
using System.Text;
using DataPrep.Unixfs;

namespace DataPrep.Benchmarks;

/// <summary>Entries of a folder: raw files of one leaf with sorted names of 16 bytes.</summary>
internal sealed class MadeLinks(int count, UnixFsProfile profile) : IDirectoryLinks
{
    private readonly byte[][] names =
        [.. Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"file-{i:D7}.bin")))];

    private readonly byte[] digest = Payload.Bytes(32);

    public int Count => count;

    public ReadOnlySpan<byte> Name(int index) => names[index];

    public int CidLength(int index) => 36;

    public long DagSize(int index) => 50_000 + index;

    public int WriteCid(int index, Span<byte> destination) => profile.WriteCid(destination, raw: true, digest);
}

/// <summary>Takes blocks and forgets them; every digest is that of no block. What is timed is the making of the blocks.</summary>
internal sealed class DiscardingBlockSink : IBlockSink
{
    public long Bytes { get; private set; }

    public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
    {
        Bytes += block.Length;
        digest.Fill(0x5a);
    }
}
