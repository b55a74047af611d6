using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>
/// Lengths of a leaf's CAR section, known before its content is read:
/// <code>varint | CID | prefix | content | suffix</code>
/// For a raw leaf prefix and suffix are empty; for a dag-pb leaf they are the envelope's bytes:
/// <code>0a len(message) | 08 02 | 12 len(content) | content | 18 len(content) | mode, mtime</code>
/// </summary>
internal readonly struct LeafShape
{
    private readonly UnixFsProfile profile;
    private readonly NodeMetadata metadata;
    private readonly int messageLength;

    /// <param name="metadata">Of a file that is this one leaf; else empty.</param>
    public LeafShape(UnixFsProfile profile, int contentLength, NodeMetadata metadata)
        : this(profile, contentLength, metadata.Length) => this.metadata = metadata;

    private LeafShape(UnixFsProfile profile, int contentLength, int metadataLength)
    {
        this.profile = profile;
        ContentLength = contentLength;
        IsRaw = profile.RawLeaves && metadataLength == 0;
        if (!IsRaw)
        {
            int size = ProtobufVarint.Length((ulong)contentLength);
            int content = contentLength == 0 ? 0 : 1 + size + contentLength; // an empty Data field is left out
            SuffixLength = 1 + size + metadataLength;
            messageLength = 2 + content + SuffixLength;
            PrefixLength = 1 + ProtobufVarint.Length((ulong)messageLength) + 2 + (content - contentLength);
        }
    }

    /// <summary>The shape of a leaf that is written already, of which only lengths are wanted.</summary>
    /// <param name="metadataLength">Bytes that its mode and mtime take.</param>
    public static LeafShape Written(UnixFsProfile profile, int contentLength, int metadataLength) => new(profile, contentLength, metadataLength);

    public bool IsRaw { get; }

    public int ContentLength { get; }

    public int PrefixLength { get; }

    public int SuffixLength { get; }

    public int BlockLength => PrefixLength + ContentLength + SuffixLength;

    public int CidLength => IsRaw ? 36 : profile.NodeCidLength;

    /// <summary>Length of the section's varint and CID.</summary>
    public int HeaderLength => Varint.Length((ulong)(CidLength + BlockLength)) + CidLength;

    public int SectionLength => HeaderLength + BlockLength;

    public void WriteHeader(Span<byte> section, ReadOnlySpan<byte> digest)
    {
        int at = Varint.Write(section, (ulong)(CidLength + BlockLength));
        _ = profile.WriteCid(section[at..], IsRaw, digest);
    }

    /// <summary>Writes what stands around the content of the block.</summary>
    public void WriteEnvelope(Span<byte> block)
    {
        if (IsRaw)
            return;
        block[0] = 0x0a;
        int at = 1 + ProtobufVarint.Write(block[1..], (ulong)messageLength);
        block[at++] = 0x08;
        block[at++] = (byte)UnixFsType.File;
        if (ContentLength > 0)
        {
            block[at++] = 0x12;
            _ = ProtobufVarint.Write(block[at..], (ulong)ContentLength);
        }

        var suffix = block[(PrefixLength + ContentLength)..];
        suffix[0] = 0x18;
        at = 1 + ProtobufVarint.Write(suffix[1..], (ulong)ContentLength);
        _ = metadata.Write(suffix[at..]);
    }
}
