using System.Collections.Concurrent;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Tests.Cli;
using Xunit;

namespace DataPrep.Tests.Packing;

public sealed class JournalTests : IDisposable
{
    private static readonly byte[] s_plan = Sample.Bytes(1, 32);
    private readonly TempFolder folder = new();

    private string File => folder.Of("journal");

    public void Dispose() => folder.Dispose();

    private Journal Open(List<(JournalKind Kind, byte[] Payload)>? records = null, byte[]? plan = null) =>
        Journal.Open(File, plan ?? s_plan, (kind, payload) => records?.Add((kind, payload.ToArray())));

    private List<(JournalKind Kind, byte[] Payload)> Records()
    {
        var records = new List<(JournalKind, byte[])>();
        using var journal = Open(records);
        return records;
    }

    private static (JournalKind Kind, byte[] Payload) Record(int i, int length) => ((JournalKind)(1 + (i % 3)), Sample.Bytes(i, length));

    private List<(JournalKind Kind, byte[] Payload)> Written(params int[] lengths)
    {
        var records = lengths.Select((length, i) => Record(i, length)).ToList();
        using var journal = Open();
        foreach (var (kind, payload) in records)
            journal.Append(kind, payload);
        journal.Flush();
        return records;
    }

    private static void AssertSame(IEnumerable<(JournalKind Kind, byte[] Payload)> expected, IEnumerable<(JournalKind Kind, byte[] Payload)> actual) =>
        Assert.Equal(expected.Select(r => $"{r.Kind} {Convert.ToHexString(r.Payload)}"), actual.Select(r => $"{r.Kind} {Convert.ToHexString(r.Payload)}"));

    [Fact]
    public void RecordsComeBackInOrder()
    {
        var records = Written(0, 1, 1000, 70_000);
        for (int i = 4; i < 7; i++)
        {
            using var journal = Open();
            Assert.Equal(0, journal.CutOff);
            records.Add(Record(i, 100 * i));
            journal.Append(records[i].Kind, records[i].Payload);
            Assert.Equal((100 * i) + 21, journal.Waiting);
            journal.Flush();
            Assert.Equal(0, journal.Waiting);
            journal.Flush();
        }

        AssertSame(records, Records());
        Assert.Equal([File], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void LongRecordsComeBack() => AssertSame(Written((1 << 20) - 40, 1 << 20, 5, 3 << 20, 1 << 16), Records());

    [Fact]
    public void TooLongRecordsAreRefused()
    {
        using var journal = Open();
        Assert.Throws<ArgumentException>(() => journal.Append(default(TooLong)));
        journal.Append(JournalKind.SlabDone, [1]);
        journal.Flush();
    }

    private readonly struct TooLong : IJournalRecord
    {
        public static JournalKind Kind => JournalKind.SlabDone;

        public int Length => Journal.LargestPayload + 1;

        public void Write(Span<byte> payload) => throw new InvalidOperationException();
    }

    [Fact]
    public void WhatIsNotFlushedIsNotWritten()
    {
        var records = Written(10, 20);
        long length = new FileInfo(File).Length;
        using (var journal = Open())
        {
            for (int i = 0; i < 100; i++)
                journal.Append(JournalKind.SlabDone, new byte[100_000]);
            Assert.Equal(length, new FileInfo(File).Length);
        }

        AssertSame(records, Records());
    }

    [Fact]
    public void EveryTruncationGivesTheLongestWholePrefix()
    {
        int[] lengths = [3, 0, 40, 7, 100];
        var records = Written(lengths);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        const int Header = 58, Frame = 21;
        Assert.Equal(Header + lengths.Sum() + (Frame * lengths.Length), whole.Length);
        var added = Record(77, 33);
        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            if (length < Header)
            {
                Assert.InRange(Assert.Throws<MalformedDataException>(() => Open()).Offset, 0, length);
                continue;
            }

            int count = 0, end = Header;
            for (; count < lengths.Length && end + Frame + lengths[count] <= length; count++)
                end += Frame + lengths[count];
            var replayed = new List<(JournalKind, byte[])>();
            using (var journal = Open(replayed))
            {
                Assert.Equal(length - end, journal.CutOff);
                journal.Append(added.Kind, added.Payload);
                journal.Flush();
            }

            AssertSame(records[..count], replayed);
            AssertSame([.. records[..count], added], Records());
        }
    }

    [Fact]
    public void AFlippedByteCutsFromItsRecordOn()
    {
        int[] lengths = [3, 0, 40, 7];
        var records = Written(lengths);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        var ends = lengths.Select((_, i) => 58 + lengths[..(i + 1)].Sum(length => 21 + length)).ToList();
        for (int at = 0; at < whole.Length; at++)
        {
            foreach (int flip in new[] { 1, 0x80, 0xFF })
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= (byte)flip;
                System.IO.File.WriteAllBytes(File, damaged);
                if (at < 58)
                    Assert.Equal(File, Assert.Throws<MalformedDataException>(() => Open()).Path);
                else
                    AssertSame(records[..ends.Count(end => end <= at)], Records());
            }
        }
    }

    /// <summary>What a file system brings back of an earlier content is whole in itself, but not at this place.</summary>
    [Fact]
    public void RecordsInAnotherOrderOrTwiceAreCutOff()
    {
        var records = Written(50, 50, 50);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        byte[] header = whole[..58], first = whole[58..129], second = whole[129..200], third = whole[200..];
        foreach (byte[][] order in new byte[][][] { [second, first], [third], [second] })
        {
            System.IO.File.WriteAllBytes(File, [.. header, .. order.SelectMany(record => record)]);
            Assert.Empty(Records());
        }

        System.IO.File.WriteAllBytes(File, [.. header, .. first, .. first, .. second]);
        AssertSame(records[..1], Records());
        System.IO.File.WriteAllBytes(File, [.. header, .. first, .. third]);
        AssertSame(records[..1], Records());
        System.IO.File.WriteAllBytes(File, [.. header, .. first, .. new byte[5000]]);
        AssertSame(records[..1], Records());
    }

    [Fact]
    public void AJournalOfAnotherPlanIsRefusedAndLeftAlone()
    {
        _ = Written(10);
        byte[] before = System.IO.File.ReadAllBytes(File);
        var refused = Assert.Throws<IOException>(() => Open(plan: Sample.Bytes(2, 32)));
        Assert.Contains("another plan", refused.Message, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(s_plan), refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        Assert.Throws<ArgumentException>(() => Journal.Open(folder.Of("new"), new byte[31], (_, _) => { }));
    }

    [Fact]
    public void WhatIsNoJournalIsLeftAlone()
    {
        byte[] text = Sample.Bytes(3, 200);
        System.IO.File.WriteAllBytes(File, text);
        Assert.Throws<MalformedDataException>(() => Open());
        Assert.Equal(text, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void ABrokenOffCreationIsBegunAnew()
    {
        System.IO.File.WriteAllBytes(File + ".part", [1, 2, 3]);
        AssertSame(Written(4), Records());
    }

    [Fact]
    public void OneRunAtATimeHasTheJournal()
    {
        using (Open())
            Assert.Throws<IOException>(() => Open());
        Open().Dispose();
    }

    [Fact]
    public void WhatReplayRefusesIsSaidWithItsPlace()
    {
        _ = Written(10, 20);
        int calls = 0;
        var fault = Assert.Throws<MalformedDataException>(() => Journal.Open(File, s_plan, (_, _) =>
        {
            if (++calls == 2)
                throw new MalformedDataException("nonsense", 7);
        }));
        Assert.Equal((File, 58 + 10 + 21 + 5 + 7L), (fault.Path, fault.Offset));
        Assert.Equal(2, Records().Count);
    }

    [Fact]
    public void ConcurrentAppendsKeepEachThreadsOrder()
    {
        const int Threads = 6, Each = 3000;
        using (var journal = Open())
        {
            var failures = new ConcurrentBag<Exception>();
            var threads = Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
            {
                try
                {
                    for (int i = 0; i < Each; i++)
                    {
                        journal.Append(JournalKind.PieceDone, [(byte)thread, (byte)i, (byte)(i >> 8), .. new byte[i % 50]]);
                        if (i % 500 == thread)
                            journal.Flush();
                    }
                }
                catch (IOException e)
                {
                    failures.Add(e);
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Empty(failures);
            journal.Flush();
        }

        int[] next = new int[Threads];
        foreach (var (_, payload) in Records())
        {
            int i = payload[1] | (payload[2] << 8);
            Assert.Equal(next[payload[0]]++, i);
            Assert.Equal(3 + (i % 50), payload.Length);
        }

        Assert.All(next, count => Assert.Equal(Each, count));
    }

    [Fact]
    public void WhatIsAppendedWhileAFlushMakesReadyWaitsForTheNext()
    {
        using (var journal = Open())
        {
            journal.Append(JournalKind.SlabDone, [1]);
            long length = new FileInfo(File).Length;
            journal.Flush(() =>
            {
                Assert.Equal(length, new FileInfo(File).Length);
                journal.Append(JournalKind.SlabDone, [2]);
            });
            Assert.Equal(22, journal.Waiting);
        }

        AssertSame([(JournalKind.SlabDone, [1])], Records());
    }

    [Fact]
    public void AFailedJournalStaysFailed()
    {
        var records = Written(10);
        using (var journal = Open())
        {
            journal.Append(JournalKind.SlabDone, [1]);
            Assert.Throws<TimeoutException>(() => journal.Flush(() => throw new TimeoutException()));
            Assert.Contains(File, Assert.Throws<IOException>(() => journal.Flush()).Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => journal.Append(JournalKind.SlabDone, [1]));
            Assert.Throws<IOException>(() => journal.Append(new EntryChanged { Entry = 1, Stamp = null, Reason = [], Detail = [] }));
        }

        AssertSame(records, Records());
    }

    [Fact]
    public void AFullDiskIsSaidAndWhatWasWholeStays()
    {
        string disk = Directory.CreateDirectory(folder.Of("disk")).FullName, path = Path.Join(disk, "journal");
        if (DataPrepProcess.Shell("mount -t tmpfs -o size=64k tmpfs \"$1\"", disk).ExitCode != 0)
            Assert.Skip("A small tmpfs cannot be mounted here.");
        try
        {
            int flushed = 0;
            using (var journal = Journal.Open(path, s_plan, (_, _) => { }))
            {
                var full = Assert.Throws<IOException>(() =>
                {
                    for (; flushed < 100; flushed++)
                    {
                        journal.Append(JournalKind.SlabDone, new byte[3000]);
                        journal.Flush();
                    }
                });
                Assert.Contains($"cannot write {path}", full.Message, StringComparison.Ordinal);
                Assert.Throws<IOException>(() => journal.Flush());
                Assert.Throws<IOException>(() => journal.Append(JournalKind.SlabDone, [1]));
            }

            int replayed = 0;
            using var again = Journal.Open(path, s_plan, (_, _) => replayed++);
            Assert.Equal(flushed, replayed);
            Assert.InRange(replayed, 10, 30);
            Assert.True(again.CutOff > 0);
            again.Append(JournalKind.EntryChanged, [1]);
            again.Flush();
        }
        finally
        {
            DataPrepProcess.Shell("umount \"$1\"", disk).Expect(0);
        }
    }

    [Fact]
    public void AppendingAndFlushingAllocateNothing()
    {
        using var journal = Open();
        byte[] leaves = Sample.Bytes(1, 16 * 32), nodes = Sample.Bytes(2, 16 * 32);
        Allocation.AssertNone(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                journal.Append(new SlabDone
                {
                    Piece = 3,
                    Slab = i,
                    SlabSize = 16 << 20,
                    FirstLeaf = 16 * i,
                    Leaves = leaves,
                    FirstSegment = 16 * i,
                    Nodes = nodes,
                });
            }

            journal.Flush();
        });
    }
}
