using System.Buffers;

namespace DataPrep.Ipld;

/// <summary>
/// The dag-cbor header of a CAR, in its one canonical form.
/// <code>
/// v1   a2 65 "roots" 8N ( d8 2a 58 LL 00 cid )* 67 "version" 01
/// v2   a1 67 "version" 02                           the pragma, which has no roots of its own
/// </code>
/// Specification: ipld/specs, transport/car.
/// </summary>
internal sealed record CarHeader(int Version, IReadOnlyList<Cid> Roots)
{
    /// <summary>Bytes before the first section, length varint included, for one version 1 sha2-256 root.</summary>
    public const int LengthWithOneCidV1Root = 59;

    /// <summary>Bytes before the first section, length varint included, for one version 0 root.</summary>
    public const int LengthWithOneCidV0Root = 57;

    /// <summary>Bytes of a header whose one root is a dag-pb node.</summary>
    internal static int LengthWithNodeRoot(int cidVersion) => cidVersion == 1 ? LengthWithOneCidV1Root : LengthWithOneCidV0Root;

    // The letter in front is the cbor head of a text string: 65 for five bytes, 67 for seven.
    private static ReadOnlySpan<byte> RootsKey => "eroots"u8;

    private static ReadOnlySpan<byte> VersionKey => "gversion"u8;

    /// <exception cref="MalformedDataException">The header is not canonical; the offset counts from its start.</exception>
    public static CarHeader Decode(ReadOnlyMemory<byte> dagCbor)
    {
        Cbor cbor = new(dagCbor.Span);
        ulong fields = cbor.ReadHead(Cbor.Map, "a map");
        if (fields is not (1 or 2))
        {
            throw cbor.Fault("does not have one or two fields");
        }

        List<Cid> roots = [];
        if (fields == 2)
        {
            cbor.ReadKey(RootsKey);
            ReadRoots(ref cbor, roots);
        }

        cbor.ReadKey(VersionKey);
        ulong version = cbor.ReadHead(Cbor.Unsigned, "a version number");
        if (version != (fields == 2 ? 1u : 2u))
        {
            throw cbor.Fault($"has version {version}, which with {fields} fields is unknown");
        }

        cbor.RequireEnd();
        return new CarHeader((int)version, roots);
    }

    /// <summary>The dag-cbor bytes, without the length varint that precedes them in a file.</summary>
    /// <exception cref="InvalidOperationException">The version is neither 1 nor 2, or version 2 has roots.</exception>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> output = new();
        if (Version == 1)
        {
            output.Write((ReadOnlySpan<byte>)[0xa2]);
            output.Write(RootsKey);
            Cbor.WriteHead(output, Cbor.Array, (ulong)Roots.Count);
            foreach (Cid root in Roots)
            {
                byte[] cid = root.ToByteArray();
                Cbor.WriteHead(output, Cbor.Tag, Cbor.CidTag);
                Cbor.WriteHead(output, Cbor.Bytes, (ulong)cid.Length + 1);
                output.Write((ReadOnlySpan<byte>)[0]);
                output.Write(cid);
            }
        }
        else if (Version == 2 && Roots.Count == 0)
        {
            output.Write((ReadOnlySpan<byte>)[0xa1]);
        }
        else
        {
            throw new InvalidOperationException("A CAR header has version 1, or version 2 without roots.");
        }

        output.Write(VersionKey);
        Cbor.WriteHead(output, Cbor.Unsigned, (ulong)Version);
        return output.WrittenSpan.ToArray();
    }

    private static void ReadRoots(ref Cbor cbor, List<Cid> roots)
    {
        // The count is not trusted with an allocation: the list grows as roots are found.
        for (ulong left = cbor.ReadHead(Cbor.Array, "an array of roots"); left > 0; left--)
        {
            if (cbor.ReadHead(Cbor.Tag, "a CID") != Cbor.CidTag)
            {
                throw cbor.Fault("has a root with a tag other than 42");
            }

            ReadOnlySpan<byte> bytes = cbor.ReadBytes();
            if (bytes is not [0, ..] || !Cid.TryRead(bytes[1..], out Cid root, out int length) || length != bytes.Length - 1)
            {
                throw cbor.Fault("has a root that is not exactly one CID after a zero byte");
            }

            roots.Add(root);
        }
    }
}
