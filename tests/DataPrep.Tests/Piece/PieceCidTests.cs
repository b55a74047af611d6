using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Piece;

public sealed class PieceCidTests
{
    private const ulong V2Hash = 0x1011;

    // FRC-0069 test cases; payload as runs of one value.
    public static TheoryData<byte[], string?, string, long, int> Published { get; } = new()
    {
        {
            Quads(0), "baga6ea4seaqes3nobte6ezpp4wqan2age2s5yxcatzotcvobhgcmv5wi2xh5mbi",
            "bafkzcibcaaces3nobte6ezpp4wqan2age2s5yxcatzotcvobhgcmv5wi2xh5mbi", 0, 4
        },
        { [], null, "bafkzcibcp4bdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy", 127, 2 },
        { new byte[127], null, "bafkzcibcaabdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy", 0, 2 },
        {
            new byte[128], "baga6ea4seaqgiktap34inmaex4wbs6cghlq5i2j2yd2bb2zndn5ep7ralzphkdy",
            "bafkzcibcpybwiktap34inmaex4wbs6cghlq5i2j2yd2bb2zndn5ep7ralzphkdy", 126, 3
        },
        {
            Quads(508), "baga6ea4seaqn42av3szurbbscwuu3zjssvfwbpsvbjf6y3tukvlgl2nf5rha6pa",
            "bafkzcibcaac542av3szurbbscwuu3zjssvfwbpsvbjf6y3tukvlgl2nf5rha6pa", 0, 5
        },
        {
            Quads(4), "baga6ea4seaqn42av3szurbbscwuu3zjssvfwbpsvbjf6y3tukvlgl2nf5rha6pa",
            "bafkzcibd7abqlxticxolgseegik2stpfgkkuwyf6kufex3doorkvmzpjuxwe4dz4", 504, 5
        },
        {
            Quads(5), "baga6ea4seaqn42av3szurbbscwuu3zjssvfwbpsvbjf6y3tukvlgl2nf5rha6pa",
            "bafkzcibd64bqlxticxolgseegik2stpfgkkuwyf6kufex3doorkvmzpjuxwe4dz4", 503, 5
        },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Frc_0069_test_cases(byte[] payload, string? v1, string v2, long padding, int height)
    {
        PieceCommitment commitment = CommPHasher.HashData(payload);
        Assert.Equal(v2, commitment.CidV2.ToString());
        Assert.Equal(height, commitment.Height);
        if (v1 is not null)
            Assert.Equal(v1, commitment.CidV1.ToString());
        PieceCidInfo info = PieceCid.Decode(Cid.Parse(v2));
        Assert.Equal(2, info.Version);
        Assert.Equal(padding, info.Padding);
        Assert.Equal(height, info.Height);
        Assert.Equal(payload.Length, info.PayloadSize);
        Assert.Equal(commitment.PieceSize, info.PieceSize);
        Assert.Equal(commitment.Root, info.Root);
    }

    [Theory]
    [InlineData(32, "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq", "bafkzcibcaapao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq")]
    [InlineData(64, "baga6ea4seaqomqafu276g53zko4k23xzh4h4uecjwicbmvhsuqi7o4bhthhm4aq", "bafkzcibcaap6mqafu276g53zko4k23xzh4h4uecjwicbmvhsuqi7o4bhthhm4aq")]
    public void Pieces_of_zeros_by_padding_up(int gibibytes, string v1, string v2)
    {
        PieceCommitment piece = CommPHasher.HashData([]).PadTo((long)gibibytes << 30);
        Assert.Equal(v1, piece.CidV1.ToString());
        Assert.Equal(v2, piece.CidV2.ToString());
        Assert.Equal(v2, piece.CidV2WholePiece.ToString());
        Assert.True(piece.IsPaddedUp);
    }

    [Fact]
    public void Both_versions_lead_to_each_other() =>
        Prop.ForAll(Arb.From(Gen.Choose(0, 40)), Arb.From(Gen.Choose(0, int.MaxValue)), (bits, seed) =>
        {
            var random = new Random(seed);
            byte[] root = KernelData.Random(seed, 32);
            root[31] &= 0x3f;
            long payload = random.NextInt64(1L << bits);
            Cid v1 = PieceCid.V1(root), v2 = PieceCid.ToV2(v1, payload);
            Assert.Equal(v1, PieceCid.ToV1(v2));
            Assert.Equal(v1, PieceCid.ToV1(v1));
            Assert.Equal(v2, PieceCid.ToV2(v2, payload));
            Assert.Throws<ArgumentException>(() => PieceCid.ToV2(v2, payload + 1));
            PieceCidInfo info = PieceCid.Decode(Cid.Parse(v2.ToString()));
            Assert.Equal(payload, info.PayloadSize);
            Assert.Equal(root, info.Root);
            Assert.Equal(v2, PieceCid.V2(info.Root, payload, info.Height!.Value));
            Assert.Equal(new PieceCidInfo(1, root, null, null, null), PieceCid.Decode(v1));
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void A_padding_of_half_the_piece_is_refused()
    {
        // Height 5 holds 1016 bytes: 507 of padding are the most.
        Assert.Equal(509, PieceCid.Decode(V2(507, 5)).PayloadSize);
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(508, 5)));
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(1016, 5)));
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(127, 3)));
        Assert.Equal(128, PieceCid.Decode(V2(126, 3)).PayloadSize);

        // Payloads under 127 bytes have no smaller piece to go to.
        for (int padding = 0; padding <= 127; padding++)
            Assert.Equal(127 - padding, PieceCid.Decode(V2(padding, 2)).PayloadSize);
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(128, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceCid.V2(new byte[32], 508, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => PieceCid.V2(new byte[32], 100, 3));
    }

    [Fact]
    public void Other_heights_and_lengths_are_refused()
    {
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(0, 0)));
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(0, 1)));
        Assert.Equal(57, PieceCid.Decode(V2(0, 57)).Height);
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(0, 58)));
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(V2(0, 255)));
        foreach (byte[] digest in (byte[][])[[], [0], [0, 5], [0x80], [.. new byte[33]], [0, 5, .. new byte[31]], [0, 5, .. new byte[33]], [0x80, 0, 5, .. new byte[32]]])
            Assert.Throws<MalformedDataException>(() => PieceCid.Decode(Cid.V1(Multicodec.Raw, V2Hash, digest)));
        Assert.Throws<MalformedDataException>(
            () => PieceCid.Decode(Cid.V1(Multicodec.Raw, V2Hash, [.. Enumerable.Repeat((byte)0xff, 8), 0x7f, 40, .. new byte[32]])));
    }

    [Fact]
    public void Other_kinds_of_cid_are_refused()
    {
        byte[] root = new byte[32];
        foreach (Cid cid in (Cid[])
        [
            default,
            Cid.V0(root),
            Cid.Sha256(1, Multicodec.Raw, root),
            Cid.V1(Multicodec.Raw, Multicodec.Sha256Trunc254Padded, root),
            Cid.V1(Multicodec.FilCommitmentSealed, Multicodec.Sha256Trunc254Padded, root),
            Cid.V1(Multicodec.FilCommitmentUnsealed, Multicodec.Sha256Trunc254Padded, new byte[31]),
            Cid.V1(Multicodec.FilCommitmentUnsealed, V2Hash, [0, 2, .. root]),
        ])
        {
            Assert.Throws<MalformedDataException>(() => PieceCid.Decode(cid));
        }

        root[31] = 0x40;
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(PieceCid.V1(root)));
        Assert.Throws<MalformedDataException>(() => PieceCid.Decode(Cid.V1(Multicodec.Raw, V2Hash, [0, 2, .. root])));
        Assert.Throws<ArgumentException>(() => PieceCid.V1(new byte[33]));
        Assert.Throws<ArgumentException>(() => PieceCid.V2(new byte[31], 127, 2));
    }

    [Fact]
    public void Commitments_refuse_sizes_that_do_not_fit()
    {
        byte[] root = new byte[32];
        Assert.Throws<ArgumentException>(() => new PieceCommitment(new byte[31], 0, 128));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceCommitment(root, -1, 128));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceCommitment(root, 128, 128));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceCommitment(root, 128, 300));
        var piece = new PieceCommitment(root, 128, 256);
        Assert.Throws<ArgumentOutOfRangeException>(() => piece.PadTo(128));
        Assert.Throws<ArgumentOutOfRangeException>(() => piece.PadTo(300));
        Assert.Equal(piece, piece.PadTo(256));
        Assert.Equal(piece.GetHashCode(), new PieceCommitment(root, 128, 256).GetHashCode());
        Assert.NotEqual(piece, new PieceCommitment(root, 129, 256));
    }

    private static Cid V2(long padding, byte height)
    {
        byte[] varint = new byte[9];
        int length = Varint.Write(varint, (ulong)padding);
        return Cid.V1(Multicodec.Raw, V2Hash, [.. varint[..length], height, .. new byte[32]]);
    }

    private static byte[] Quads(int zeros) =>
        [.. new byte[127], .. Enumerable.Repeat((byte)1, 127), .. Enumerable.Repeat((byte)2, 127), .. Enumerable.Repeat((byte)3, 127), .. new byte[zeros]];
}
