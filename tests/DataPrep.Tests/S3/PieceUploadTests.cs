using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.S3;
using Xunit;

namespace DataPrep.Tests.S3;

/// <summary>Pieces that go into a bucket in parts, against an array that is written plainly.</summary>
public sealed class PieceUploadTests : IDisposable
{
    private const int Segment = SubTreeHasher.SegmentRaw, Part = PieceUpload.PartSize;
    private static readonly S3Place Place = S3Place.Parse("s3://bucket/some/prefix");
    private readonly TempFolder temp = new();
    private readonly MemoryBucket bucket = new();

    public static TheoryData<int> Sizes { get; } = new([1, Segment - 1, Segment, Part - 1, Part, Part + 1, (2 * Part) - Segment, (3 * Part) + (2 * Segment) + 17, 4 * Part]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void SegmentsInAnyOrderWithRunsThatAreBrokenOffGiveThePiece(int size)
    {
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            byte[] piece = ScratchFolder.Bytes(size, size + seed);
            int leafEnd = random.Next(size + 1), segments = (size + Segment - 1) / Segment, tail = leafEnd / Segment;
            // Slabs of a part each: their segments but the first of the piece, and those that the tail completes.
            var slabs = Enumerable.Range(1, Math.Max(0, tail - 1)).Where(segment => segment < segments).GroupBy(segment => segment / PieceUpload.PartSegments).ToDictionary(slab => slab.Key, slab => slab.ToArray());
            bool isLast;
            do
            {
                using var target = Begin();
                using var file = target.Create("piece-0.car", size, leafEnd);
                isLast = random.Next(3) == 0;
                int[] order = [.. slabs.Keys];
                random.Shuffle(order);
                int[] ended = order[..(isLast ? order.Length : random.Next(order.Length + 1))];
                _ = Parallel.ForEach(ended.SelectMany(slab => slabs[slab]).OrderBy(_ => random.Next()).ToList(), Write);
                foreach (int slab in ended)
                    _ = slabs.Remove(slab);
                // What another slab has written when the run ends will be written again.
                if (slabs.Count > 0)
                    Write(slabs.First().Value[0]);
                if (isLast)
                {
                    for (int segment = tail; segment < segments; segment++)
                        Write(segment);
                    Write(0);
                    file.Complete(size);
                    file.Place($"bagaseed{seed}.car");
                }
                else
                {
                    file.Sync();
                }

                void Write(int segment) => file.Write((long)segment * Segment, piece.AsSpan(segment * Segment, Math.Min(Segment, size - (segment * Segment))));
            }
            while (!isLast);

            Assert.Equal(piece, bucket.Objects[$"some/prefix/bagaseed{seed}.car"].Bytes);
            Assert.Equal($"bagaseed{seed}", bucket.Objects[$"some/prefix/bagaseed{seed}.car"].Piece);
            Assert.Equal(seed + 1, bucket.Objects.Count);
            Assert.Equal(0, bucket.OpenUploads);
            Assert.Empty(Directory.GetFiles(temp.Of(OutputFolder.WorkFolder), "piece-*"));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Segment + 1)]
    public void WhatIsKeptOfPartsComesBack(int before)
    {
        int size = (3 * Part) + before;
        byte[] piece = ScratchFolder.Bytes(size, 5);
        using (var target = Begin())
        using (var file = target.Create("piece-0.car", size, leafEnd: (2 * Part) + 5))
        {
            // All but the header and the tail, as when the leaves are done.
            file.Write(Segment, piece.AsSpan(Segment..(2 * Part)));
            file.Sync();
        }

        Assert.Equal(1, bucket.OpenUploads);
        using (var target = Begin())
        using (var file = target.Create("piece-0.car", size, leafEnd: (2 * Part) + 5))
        {
            Assert.True(file.WasThere);
            file.Write(2 * Part, piece.AsSpan(2 * Part));
            file.Write(0, piece.AsSpan(..Segment));
            file.Complete(size);
        }

        var record = Record(size);
        using (var target = Begin())
        using (var file = target.Complete("piece-0.car", record))
        {
            Assert.NotNull(file);
            file.Place(record.CarFile);
        }

        Assert.Equal(piece, bucket.Objects["some/prefix/" + record.CarFile].Bytes);
        Assert.Equal(0, bucket.OpenUploads);
    }

    [Fact]
    public void ZerosBehindThePieceAreParts()
    {
        int payload = Part + Segment + 3, size = 4 * Part;
        byte[] piece = ScratchFolder.Bytes(payload, 6);
        using var target = Begin();
        using var file = target.Create("piece-0.car", size, leafEnd: 100);
        file.Write(0, piece);
        file.Complete(payload);
        file.Place("baga1.car");
        Assert.Equal([.. piece, .. new byte[size - payload]], bucket.Objects["some/prefix/baga1.car"].Bytes);
    }

    [Fact]
    public void LargePiecesAreCopiedInParts()
    {
        int size = (4 * Part) + 9;
        byte[] piece = ScratchFolder.Bytes(size, 7);
        using var target = new S3Target(bucket, Place, "server", new S3Options(), CancellationToken.None, copyMost: 6 << 20);
        Hold(target);
        using var file = target.Create("piece-0.car", size, leafEnd: 0);
        file.Write(0, piece);
        file.Complete(size);
        file.Place("baga1.car");
        Assert.Equal(piece, Assert.Single(bucket.Objects).Value.Bytes);
        Assert.Equal(0, bucket.OpenUploads);
    }

    [Fact]
    public void AForgottenUploadIsBegunAnew()
    {
        byte[] piece = ScratchFolder.Bytes(3 * Part, 8);
        using (var target = Begin())
        using (var file = target.Create("piece-0.car", piece.Length, leafEnd: 0))
        {
            file.Write(Part, piece.AsSpan(Part));
            file.Sync();
        }

        bucket.Abort("", bucket.Uploads("").Single().Id);
        using var next = Begin();
        using var again = next.Create("piece-0.car", piece.Length, leafEnd: 0);
        Assert.False(again.WasThere);
    }

    [Fact]
    public void WhatHasThePieceNameIsNeverReplaced()
    {
        byte[] stranger = [1, 2, 3];
        foreach (int size in (int[])[100, 2 * Part])
        {
            bucket.Objects["some/prefix/baga1.car"] = (stranger, null);
            using var target = Begin();
            using var file = target.Create("piece-0.car", size, leafEnd: 0);
            file.Write(0, ScratchFolder.Bytes(size, 9));
            file.Complete(size);
            Assert.Contains("is not known to be that piece", Assert.Throws<IOException>(() => file.Place("baga1.car")).Message, StringComparison.Ordinal);
            Assert.Equal(stranger, bucket.Objects["some/prefix/baga1.car"].Bytes);
            // The same piece, put there by another run, is fine.
            bucket.Objects["some/prefix/baga1.car"] = (new byte[size], "baga1");
            file.Place("baga1.car");
            Assert.Equal(0, bucket.OpenUploads);
        }
    }

    [Fact]
    public void AFailedPartEndsTheRun()
    {
        bucket.OnPart = number => throw new IOException($"no part {number}");
        using var target = Begin();
        using var file = target.Create("piece-0.car", 3 * Part, leafEnd: 0);
        file.Write(Part, new byte[Part]);
        Assert.Contains("no part 2", Assert.Throws<IOException>(file.Sync).Message, StringComparison.Ordinal);
        _ = Assert.Throws<IOException>(() => file.Write(2 * Part, new byte[Part]));
    }

    [Fact]
    public void WhatNothingIsNotedOfIsTakenAway()
    {
        using (var target = Begin())
        using (var file = target.Create("piece-0.car", 3 * Part, leafEnd: 0))
        {
            file.Write(Part, new byte[Part]);
            file.Sync();
        }

        string key = bucket.Uploads("").Single().Key;
        _ = bucket.BeginUpload(key);
        _ = bucket.BeginUpload("some/prefix/.dataprep/another/piece-0.car");
        bucket.Objects[key[..^5] + "-9.car"] = ([1], null);
        using (Begin())
        {
            // That of another folder may be of a run at work.
            Assert.Equal(2, bucket.OpenUploads);
            Assert.Empty(bucket.Objects);
        }

        using var last = Begin();
        last.Clear();
        Assert.Equal("some/prefix/.dataprep/another/piece-0.car", bucket.Uploads("").Single().Key);
    }

    [Fact]
    public void AWorkFolderBelongsToOnePlace()
    {
        using (Begin())
        {
        }

        using var other = new S3Target(bucket, S3Place.Parse("s3://bucket/other"), "server", new S3Options(), CancellationToken.None);
        Assert.Contains("is the work folder of a run into s3://bucket/some/prefix", Assert.Throws<IOException>(() => other.Begin(new OutputFolder(temp.Path))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3://a")]
    [InlineData("s3://buc ket/x")]
    [InlineData("s3://bucket//x")]
    [InlineData("s3://bucket/x//y")]
    public void PlacesThatAreNone(string text) => Assert.Throws<UsageException>(() => S3Place.Parse(text));

    public void Dispose() => temp.Dispose();

    private static PieceRecord Record(long size)
    {
        var commitment = new PieceCommitment(new byte[32], size, PieceSize.Padded(size));
        return PieceRecord.Of(DataPrep.Ipld.Cid.Parse("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), commitment, size, "data", 1);
    }

    private S3Target Begin()
    {
        var target = new S3Target(bucket, Place, "server", new S3Options { Uploads = 2 }, CancellationToken.None);
        Hold(target);
        return target;
    }

    private void Hold(S3Target target)
    {
        var folder = new OutputFolder(temp.Path);
        Directory.CreateDirectory(folder.Work);
        target.Begin(folder);
        target.Tidy();
    }
}
