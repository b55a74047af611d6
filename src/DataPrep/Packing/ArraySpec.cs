using System.Globalization;
using System.Text;

namespace DataPrep.Packing;

/// <summary>Numbers as schedulers write those of an array: <c>0-5,7,9-20</c>.</summary>
internal static class ArraySpec
{
    /// <param name="numbers">In order, each once.</param>
    public static string Format(IReadOnlyList<int> numbers)
    {
        var text = new StringBuilder();
        for (int i = 0; i < numbers.Count; i++)
        {
            int first = i;
            while (i + 1 < numbers.Count && numbers[i + 1] == numbers[i] + 1)
                i++;
            _ = text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{numbers[first]}");
            if (i > first)
                _ = text.Append(CultureInfo.InvariantCulture, $"-{numbers[i]}");
        }

        return text.ToString();
    }

    /// <summary>The arrays by which pieces are made where a scheduler takes numbers below a limit alone: each with what is to be added to its numbers.</summary>
    /// <param name="numbers">In order, each once.</param>
    /// <param name="most">Numbers of an array are less than that.</param>
    public static IEnumerable<(int Offset, string Array)> Parts(IReadOnlyList<int> numbers, int most) =>
        numbers.GroupBy(number => number / most * most).Select(part => (part.Key, Format([.. part.Select(number => number - part.Key)])));

    /// <summary>Reads what <see cref="Format"/> writes.</summary>
    public static bool TryParse(string text, out IReadOnlyList<int> numbers)
    {
        const int Most = 1 << 24;
        var read = new SortedSet<int>();
        numbers = [];
        foreach (string range in text.Split(','))
        {
            string[] ends = range.Split('-');
            if (ends.Length > 2 || !TryNumber(ends[0], out int first) || !TryNumber(ends[^1], out int last) || last < first || last - first >= Most)
                return false;
            for (int i = first; i <= last; i++)
                _ = read.Add(i);
        }

        numbers = [.. read];
        return true;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
