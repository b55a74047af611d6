using System.Runtime.InteropServices;

namespace DataPrep.Hashing;

/// <summary>
/// Rows of 32 bytes outside the managed heap: one SHA-256 digest each. Rows may be written by different
/// threads as long as no two write the same row.
/// </summary>
internal sealed unsafe class DigestTable : IDisposable
{
    public const int RowSize = 32;
    private readonly bool isOwner;
    private byte* rows;

    public DigestTable(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        (Count, isOwner) = (count, true);
        rows = (byte*)NativeMemory.AllocZeroed((nuint)Math.Max(count, 1), RowSize);
    }

    /// <summary>A view of memory that belongs to someone else, who keeps it as long as the table is used.</summary>
    public DigestTable(byte* rows, long count)
    {
        this.rows = rows;
        Count = count;
        GC.SuppressFinalize(this);
    }

    ~DigestTable() => Free();

    public long Count { get; }

    public Span<byte> this[long row] => Rows(row, 1);

    /// <summary>Consecutive rows as one span of 32 bytes each.</summary>
    public Span<byte> Rows(long first, int count)
    {
        ObjectDisposedException.ThrowIf(rows == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Count);
        return new Span<byte>(rows + (first * RowSize), count * RowSize);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (isOwner)
            NativeMemory.Free(rows);
        rows = null;
    }
}
