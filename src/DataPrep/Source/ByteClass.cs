namespace DataPrep.Source;

/// <summary>
/// A bracket expression of a pattern, such as <c>[a-z]</c> or <c>[^[:space:]]</c>, as the set of bytes that it matches.
/// The rules are those of git's wildmatch, oddities included.
/// </summary>
internal sealed class ByteClass
{
    private readonly ulong[] bits = new ulong[4];

    private ByteClass()
    {
    }

    public bool Holds(byte value) => (bits[value >> 6] >> (value & 63) & 1) != 0;

    /// <summary>Reads the expression that begins at <paramref name="at"/>, and moves behind it; null where it is never closed or names an unknown class.</summary>
    public static ByteClass? Parse(ReadOnlySpan<byte> pattern, ref int at)
    {
        var result = new ByteClass();
        int p = at + 1;
        bool negated = Peek(pattern, p) is (byte)'!' or (byte)'^';
        if (negated)
            p++;

        // The first one is literal even if it is a ']'. Where a range could begin, before is what it would begin with.
        byte before = 0;
        do
        {
            if (result.AddNext(pattern, ref p, before) is not { } added)
                return null;
            before = added;
        }
        while (Peek(pattern, p) != ']');

        at = p + 1;
        if (negated)
            result.Invert();
        result.bits[0] &= ~(1UL << '/'); // which separates, and is matched by itself alone
        return result;
    }

    /// <summary>Adds what the next characters stand for; gives the byte with which a range can go on, 0 for none, or null at the pattern's end.</summary>
    private byte? AddNext(ReadOnlySpan<byte> pattern, ref int p, byte before)
    {
        byte next = Peek(pattern, p);
        if (next == '-' && before != 0 && Peek(pattern, p + 1) is not (0 or (byte)']'))
        {
            p++;
            if (Escaped(pattern, ref p) is not (> 0 and var last))
                return null;
            AddRange(before, last);
            return 0;
        }

        if (next == '[' && Peek(pattern, p + 1) == ':')
        {
            int end = p + 2;
            while (Peek(pattern, end) is not (0 or (byte)']'))
                end++;
            if (end >= pattern.Length)
                return null;
            if (end > p + 2 && pattern[end - 1] == ':')
            {
                var name = pattern[(p + 2)..(end - 1)];
                p = end + 1;
                return AddNamed(name) ? (byte)0 : null;
            }
        }

        byte value = Escaped(pattern, ref p);
        if (value == 0)
            return null;
        AddRange(value, value);
        return value;
    }

    private static byte Peek(ReadOnlySpan<byte> pattern, int at) => at < pattern.Length ? pattern[at] : (byte)0;

    /// <summary>Takes a character, or the one behind a backslash; 0 at the end.</summary>
    private static byte Escaped(ReadOnlySpan<byte> pattern, ref int p)
    {
        if (Peek(pattern, p) == '\\')
            p++;
        return Peek(pattern, p++);
    }

    private void AddRange(int first, int last)
    {
        for (int value = first; value <= last; value++)
            bits[value >> 6] |= 1UL << (value & 63);
    }

    private void Invert()
    {
        for (int i = 0; i < bits.Length; i++)
            bits[i] = ~bits[i];
    }

    /// <summary>ASCII alone, whatever the locale; vertical tab and form feed are no spaces to git.</summary>
    private bool AddNamed(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> ranges = name switch
        {
            _ when name.SequenceEqual("alnum"u8) => "09AZaz"u8,
            _ when name.SequenceEqual("alpha"u8) => "AZaz"u8,
            _ when name.SequenceEqual("blank"u8) => "\t\t  "u8,
            _ when name.SequenceEqual("cntrl"u8) => "\u0000\u001f\u007f\u007f"u8,
            _ when name.SequenceEqual("digit"u8) => "09"u8,
            _ when name.SequenceEqual("graph"u8) => "!~"u8,
            _ when name.SequenceEqual("lower"u8) => "az"u8,
            _ when name.SequenceEqual("print"u8) => " ~"u8,
            _ when name.SequenceEqual("punct"u8) => "!/:@[`{~"u8,
            _ when name.SequenceEqual("space"u8) => "\t\n\r\r  "u8,
            _ when name.SequenceEqual("upper"u8) => "AZ"u8,
            _ when name.SequenceEqual("xdigit"u8) => "09AFaf"u8,
            _ => [],
        };
        for (int i = 0; i < ranges.Length; i += 2)
            AddRange(ranges[i], ranges[i + 1]);
        return !ranges.IsEmpty;
    }
}
