using DataPrep.Source;

namespace DataPrep.Car;

/// <summary>A source file does not have the bytes any more that an inline piece needs of it.</summary>
/// <param name="location">Absolute path of the file.</param>
/// <param name="offset">In that file.</param>
/// <param name="what">What is wrong, as a clause about the file.</param>
internal sealed class SourceFaultException(byte[] location, long offset, string what)
    : IOException($"{PathText.Quote(location)} at offset {offset}: {what}; where the sources lie elsewhere, say so with --source")
{
    /// <summary>The file, as it is shown.</summary>
    public string Location => PathText.Quote(location);

    public long Offset => offset;

    /// <summary>Number of the part of the piece for which the file is wanted.</summary>
    public long Part { get; init; }

    /// <summary>What is wrong, without its place.</summary>
    public string Reason => what;
}
