using DataPrep.Ipld;
using FsCheck;
using FsCheck.Fluent;

namespace DataPrep.Tests.Ipld;

/// <summary>Generators for properties. A failing property prints the seed to replay it with.</summary>
internal static class IpldGen
{
    /// <summary>Every number of significant bits is equally likely.</summary>
    public static Gen<ulong> UInt64 { get; } =
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        from shift in Gen.Choose(0, 63)
        select (((ulong)(uint)high << 32) | (uint)low) >> shift;

    public static Gen<ulong> Code { get; } = UInt64.Select(value => value & Varint.MaxValue);

    public static Gen<byte[]> Bytes(int maxLength) =>
        from length in Gen.Choose(0, maxLength)
        from bytes in Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), length)
        select bytes;

    public static Gen<Cid> Cid { get; } = Gen.OneOf(
        Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), 32).Select(digest => DataPrep.Ipld.Cid.V0(digest)),
        from codec in Code
        from hash in Code
        from digest in Bytes(128)
        select DataPrep.Ipld.Cid.V1(codec, hash, digest));

    public static Gen<DagPbLink> Link { get; } =
        from cid in Cid
        from name in Bytes(12)
        from hasName in Gen.Elements(true, false)
        from tsize in UInt64
        from hasTsize in Gen.Elements(true, false)
        select new DagPbLink(cid, hasName ? name : default, hasName, hasTsize ? tsize : 0, hasTsize);

    public static Gen<UnixFsData> UnixFs { get; } =
        from type in Gen.Choose(0, 5)
        from data in Bytes(40)
        from fileSize in Optional(UInt64)
        from blockSizes in Gen.ArrayOf(UInt64)
        from hashType in Optional(UInt64)
        from fanout in Optional(UInt64)
        from mode in Optional(UInt64)
        from seconds in Optional(UInt64)
        from nanoseconds in Gen.Choose(0, 999_999_999)
        select new UnixFsData
        {
            Type = (UnixFsType)type,
            Data = data,
            HasData = data.Length > 0,
            FileSize = fileSize,
            BlockSizes = blockSizes,
            HashType = hashType,
            Fanout = fanout,
            Mode = mode is { } m ? (uint)m : null,
            Mtime = seconds is { } s ? new UnixTime((long)s, nanoseconds) : null,
        };

    public static void Check<T>(Gen<T> gen, Func<T, bool> property) => Prop.ForAll(gen.ToArbitrary(), property).QuickCheckThrowOnFailure();

    private static Gen<ulong?> Optional(Gen<ulong> gen) =>
        from value in gen
        from present in Gen.Elements(true, false)
        select present ? value : (ulong?)null;
}
