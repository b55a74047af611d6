using DataPrep.Ipld;

namespace DataPrep.Distribution.Tables;

/// <summary>A row of a table: text by the names of columns or fields, without regard to their case.</summary>
/// <param name="columns">Places of the names in <paramref name="values"/>, which may end before them.</param>
/// <param name="place">What comes before a message: the line, where rows are lines.</param>
internal sealed class TableRow(IReadOnlyDictionary<string, int> columns, IReadOnlyList<string?> values, string place, string path, long offset)
{
    /// <summary>The first of several names that has a value; null where none has.</summary>
    public string? this[params ReadOnlySpan<string> names]
    {
        get
        {
            foreach (string name in names)
            {
                if (columns.TryGetValue(name, out int column) && column < values.Count && values[column] is { Length: > 0 } value)
                    return value;
            }

            return null;
        }
    }

    public MalformedDataException Error(string message) => new(place + message, offset, path);
}
