using System.Buffers.Binary;
using DataPrep.Source;

namespace DataPrep.Comparison;

/// <summary>
/// Compares two lists of entries, which are gone through beside each other, twice: first for what is on one side alone, to find what was moved, then for the
/// differences. Memory: 24 bytes for each file and symlink that is on one side alone, and as much again while they are matched.
/// </summary>
/// <param name="byContent">Whether digests can be compared, as far as they are known; else size and time decide.</param>
/// <param name="withMetadata">Whether modes and times of what is the same are compared too.</param>
internal sealed class ListComparer(EntryList before, EntryList after, bool byContent, bool withMetadata, CancellationToken cancel)
{
    /// <param name="found">Takes the differences in the order of the paths, a moved entry at its new one; null to count them alone.</param>
    /// <exception cref="Ipld.MalformedDataException">A list is damaged, or not sorted.</exception>
    /// <exception cref="IOException">A list cannot be read.</exception>
    public DifferenceCounts Run(Action<Difference>? found)
    {
        var moved = byContent ? FindMoved() : new MovedEntries([], []);
        var counts = new DifferenceCounts();
        Merge(OnBoth, entry =>
        {
            if (!moved.IsFrom(entry.Reference))
                Take(new Difference(DifferenceKind.Removed, entry, null));
        },
        entry =>
        {
            if (moved.FromOf(entry.Reference) is { } from)
                Take(new Difference(DifferenceKind.Moved, before.At(from), entry));
            else
                Take(new Difference(DifferenceKind.Added, null, entry));
        });
        return counts;

        void OnBoth(ListedEntry was, ListedEntry now)
        {
            if (was.Type != now.Type)
            {
                Take(new Difference(DifferenceKind.TypeChanged, was, now));
            }
            else if (was.Size == now.Size && (was.IsUnreadable || now.IsUnreadable))
            {
                counts.Unreadable++;
            }
            else if (was.Type != "dir" && HasChanged(was, now))
            {
                Take(new Difference(DifferenceKind.Changed, was, now));
            }
            else
            {
                counts.Same++;
                if (withMetadata && (was.Mtime != now.Mtime || (was.Mode != now.Mode && was.Type != "symlink")))
                    Take(new Difference(DifferenceKind.Metadata, was, now));
            }
        }

        void Take(Difference difference)
        {
            counts.Add(difference);
            found?.Invoke(difference);
        }
    }

    private bool HasChanged(in ListedEntry was, in ListedEntry now)
    {
        if (was.Size != now.Size)
            return true;
        return byContent && !was.Digest.IsEmpty && !now.Digest.IsEmpty ? !was.Digest.Span.SequenceEqual(now.Digest.Span) : was.Mtime != now.Mtime;
    }

    private MovedEntries FindMoved()
    {
        var removed = new Fingerprints();
        var added = new Fingerprints();
        Merge((_, _) => { }, removed.Add, added.Add);
        return removed.Match(added);
    }

    private void Merge(Action<ListedEntry, ListedEntry> onBoth, Action<ListedEntry> onBefore, Action<ListedEntry> onAfter)
    {
        using var was = before.Read().GetEnumerator();
        using var now = after.Read().GetEnumerator();
        bool hasWas = was.MoveNext(), hasNow = now.MoveNext();
        while (hasWas || hasNow)
        {
            cancel.ThrowIfCancellationRequested();
            int order = !hasNow ? -1 : !hasWas ? 1 : PathText.Compare(was.Current.Path, now.Current.Path);
            if (order == 0)
                onBoth(was.Current, now.Current);
            else if (order < 0)
                onBefore(was.Current);
            else
                onAfter(now.Current);
            hasWas = order <= 0 ? was.MoveNext() : hasWas;
            hasNow = order >= 0 ? now.MoveNext() : hasNow;
        }
    }

    /// <summary>Entries that were moved: where they were, and where they are, by the references of the lists.</summary>
    private sealed class MovedEntries(long[] from, long[] to)
    {
        private readonly long[] fromInOrder = [.. from.Order()];

        public bool IsFrom(long reference) => Array.BinarySearch(fromInOrder, reference) >= 0;

        /// <param name="reference">Sorted: those of <c>to</c> are.</param>
        public long? FromOf(long reference) => Array.BinarySearch(to, reference) is >= 0 and var at ? from[at] : null;
    }

    /// <summary>Content that is on one side alone: the first 16 bytes of its digest, and where it is. Two contents for which these are the same cannot be found.</summary>
    private sealed class Fingerprints
    {
        private const int Length = 16;

        private readonly List<UInt128> digests = [];
        private readonly List<long> references = [];

        /// <summary>Takes files and symlinks of which the content is known. An empty one is not told from others.</summary>
        public void Add(ListedEntry entry)
        {
            if (entry.Size == 0 || entry.Type == "dir" || entry.Digest.Length < Length)
                return;
            digests.Add(BinaryPrimitives.ReadUInt128BigEndian(entry.Digest.Span));
            references.Add(entry.Reference);
        }

        /// <summary>Pairs what has the same content, in the order of the paths.</summary>
        public MovedEntries Match(Fingerprints others)
        {
            var (was, from) = Sorted();
            var (now, to) = others.Sorted();
            var pairs = new List<(long From, long To)>();
            for (int i = 0, k = 0; i < was.Length && k < now.Length;)
            {
                if (was[i] == now[k])
                    pairs.Add((from[i++], to[k++]));
                else
                    _ = was[i] < now[k] ? i++ : k++;
            }

            pairs.Sort((a, b) => a.To.CompareTo(b.To));
            return new MovedEntries([.. pairs.Select(pair => pair.From)], [.. pairs.Select(pair => pair.To)]);
        }

        private (UInt128[] Digests, long[] References) Sorted()
        {
            UInt128[] keys = [.. digests];
            long[] items = [.. references];
            Array.Sort(keys, items);
            // What has one digest goes in the order of the paths, whatever the sort has made of it.
            for (int begin = 0, end; begin < keys.Length; begin = end)
            {
                for (end = begin + 1; end < keys.Length && keys[end] == keys[begin];)
                    end++;
                Array.Sort(items, begin, end - begin);
            }

            return (keys, items);
        }
    }
}
