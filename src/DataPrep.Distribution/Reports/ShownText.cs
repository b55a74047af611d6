using System.Globalization;
using System.Text;
using DataPrep.Distribution.Exports;
using DataPrep.Records;

namespace DataPrep.Distribution.Reports;

/// <summary>Names as a page shows them: nothing in them is invisible, turns the text around it, or is endless.</summary>
internal static class ShownText
{
    private const int Longest = 400;

    /// <summary>A recorded path. Bytes that are not UTF-8 stand as <c>\xNN</c>.</summary>
    public static string Path(string path, string? hex)
    {
        try
        {
            return hex is null ? Of(path) : Of(JsonText.PathText(RecordFile.PathBytes(path, hex)));
        }
        catch (FormatException)
        {
            return Of(path);
        }
    }

    /// <summary>Control and format characters, marks of direction among them, line ends and lone surrogates stand as <c>\u{2028}</c>; of a long text the middle is left out.</summary>
    public static string Of(string text)
    {
        if (text.Length > Longest)
            text = $"{text[..(Longest / 2)]}…{text[^(Longest / 2)..]}";
        var shown = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            bool isWhole = Rune.TryGetRuneAt(text, i, out var rune);
            int length = isWhole ? rune.Utf16SequenceLength : 1;
            if (isWhole && IsVisible(Rune.GetUnicodeCategory(rune)))
                _ = shown.Append(text, i, length);
            else
                _ = shown.Append(CultureInfo.InvariantCulture, $"\\u{{{(isWhole ? rune.Value : text[i]):x}}}");
            i += length;
        }

        return shown.ToString();
    }

    private static bool IsVisible(UnicodeCategory category) => category is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate);
}
