using System.Text.Json;
using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.S3;

/// <summary>What is noted of a piece's upload, so that a later run goes on with it.</summary>
/// <param name="Key">Temporary key.</param>
/// <param name="UploadId">Null where no part has been sent yet.</param>
/// <param name="Final">The key that it is being copied to; null before.</param>
/// <param name="Parts">Of parts that are not on the server as a whole: which of their segments stand in the file beside, a bit each.</param>
internal sealed record UploadNote(string Key, string? UploadId, string? Final, IReadOnlyDictionary<int, int> Parts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UploadNote))]
internal sealed partial class UploadJson : JsonSerializerContext;

/// <summary>
/// The durable side of an upload, in the work folder: the note, and a sparse file with the segments of parts that wait for others, at their place in the piece.
/// </summary>
internal sealed class UploadState : IDisposable
{
    private const string NoteEnd = ".upload", SegmentsEnd = ".segments";
    private readonly OutputFolder folder;
    private readonly string name;
    private readonly SafeFileHandle segments;

    /// <param name="name">Of the piece in the making.</param>
    public UploadState(OutputFolder folder, string name)
    {
        (this.folder, this.name) = (folder, name);
        segments = File.OpenHandle(SegmentsFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    }

    private string NoteFile => folder.WorkFile(name + NoteEnd);

    private string SegmentsFile => folder.WorkFile(name + SegmentsEnd);

    /// <summary>The note of a piece; null where there is none.</summary>
    /// <exception cref="MalformedDataException">It is damaged.</exception>
    public static UploadNote? Find(OutputFolder folder, string name)
    {
        string path = folder.WorkFile(name + NoteEnd);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), UploadJson.Default.UploadNote) is { Key.Length: > 0, Parts: not null } note
                ? note
                : throw new MalformedDataException("it is no note of an upload").WithContext(path, 0);
        }
        catch (JsonException e)
        {
            throw new MalformedDataException($"it is no note of an upload: {e.Message}").WithContext(path, 0);
        }
    }

    /// <summary>All notes in a work folder.</summary>
    public static IEnumerable<UploadNote> All(OutputFolder folder) =>
        Directory.Exists(folder.Work)
            ? Directory.EnumerateFiles(folder.Work, "*" + NoteEnd).Select(path => Find(folder, Path.GetFileName(path)[..^NoteEnd.Length])).OfType<UploadNote>()
            : [];

    public void Read(long offset, Span<byte> bytes)
    {
        for (int got = 0; got < bytes.Length;)
        {
            int count = RandomAccess.Read(segments, bytes[got..], offset + got);
            if (count == 0)
                throw new IOException($"{SegmentsFile} is cut short at offset {offset + got}; begin anew with --restart");
            got += count;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int error = Posix.WriteAt(segments, offset, bytes);
        if (error != 0)
            throw new IOException($"cannot write {SegmentsFile} at offset {offset}: {Posix.Describe(error)}");
    }

    /// <summary>Makes durable what was written, and then the note that speaks of it.</summary>
    public void Note(UploadNote note)
    {
        OutputFolder.Sync(segments, SegmentsFile);
        folder.WriteWork(name + NoteEnd, stream => JsonSerializer.Serialize(stream, note, UploadJson.Default.UploadNote));
    }

    /// <summary>Gives room back that no note speaks of.</summary>
    public void Forget(long offset, long length) => _ = Posix.PunchHole(segments, offset, length);

    /// <summary>Forgets all that was kept.</summary>
    public void Clear()
    {
        File.Delete(NoteFile);
        OutputFolder.Check(Posix.Truncate(segments, 0), "cut", SegmentsFile);
    }

    /// <summary>Removes note and segments.</summary>
    public void Delete()
    {
        File.Delete(NoteFile);
        File.Delete(SegmentsFile);
    }

    public void Dispose() => segments.Dispose();
}
