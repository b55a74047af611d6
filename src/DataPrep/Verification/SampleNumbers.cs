using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace DataPrep.Verification;

/// <summary>
/// Numbers that a seed decides, the same on every machine, and that none can guess who does not know it: SHA-256 of
/// <c>"dataprep sample 1\n" ‖ seed ‖ "\n" ‖ label ‖ "\n" ‖ counter</c> (counter from 0, 8 bytes, little-endian), of each digest four
/// numbers of 8 bytes, little-endian. One label gives numbers that have nothing to do with those of another.
/// </summary>
internal sealed class SampleNumbers
{
    private readonly byte[] _message;
    private readonly byte[] _digest = new byte[SHA256.HashSizeInBytes];
    private ulong _counter;
    private int _used = SHA256.HashSizeInBytes;

    public SampleNumbers(string seed, string label) => _message = [.. Encoding.UTF8.GetBytes($"dataprep sample 1\n{seed}\n{label}\n"), .. new byte[8]];

    /// <summary>A number from 0 to <paramref name="bound"/> - 1, all equally likely. Numbers in the incomplete last round of 2^64 are passed over.</summary>
    public long Below(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        ulong n = (ulong)bound, surplus = ((ulong.MaxValue % n) + 1) % n;
        ulong number;
        do
            number = Next();
        while (number > ulong.MaxValue - surplus);
        return (long)(number % n);
    }

    /// <summary>Different numbers from 0 to <paramref name="bound"/> - 1: the first of a shuffle, in its order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public long[] Distinct(long count, long bound)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, bound);
        long[] chosen = new long[count];
        var moved = new Dictionary<long, long>();
        for (long i = 0; i < count; i++)
        {
            long at = i + Below(bound - i);
            chosen[i] = moved.GetValueOrDefault(at, at);
            moved[at] = moved.GetValueOrDefault(i, i);
        }

        return chosen;
    }

    private ulong Next()
    {
        if (_used == _digest.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_message.AsSpan(_message.Length - 8), _counter++);
            SHA256.HashData(_message, _digest);
            _used = 0;
        }

        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(_digest.AsSpan(_used));
        _used += 8;
        return number;
    }
}
