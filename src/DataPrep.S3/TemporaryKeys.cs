using System.Security.Cryptography;
using System.Text;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.S3;

/// <summary>
/// Keys of pieces in the making: <c>PREFIX/.dataprep/ID/NAME</c>, where the id is that of a work folder. What has such a key and no note in that folder is left of a run that
/// was killed before it could note it, or whose folder was removed.
/// </summary>
internal sealed class TemporaryKeys
{
    /// <summary>An upload of another folder to which nothing has come for so long is given up.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromDays(7);
    private readonly IBucket bucket;
    private readonly S3Place place;
    private readonly OutputFolder folder;
    private readonly string server;
    private readonly string id;

    private TemporaryKeys(IBucket bucket, S3Place place, string server, OutputFolder folder, string id) =>
        (this.bucket, this.place, this.server, this.folder, this.id) = (bucket, place, server, folder, id);

    private static string All(S3Place place) => place.Key(OutputFolder.WorkFolder + "/");

    private string Own => All(place) + id + "/";

    /// <exception cref="IOException">The folder belongs to another target.</exception>
    public static TemporaryKeys Of(IBucket bucket, S3Place place, string server, OutputFolder folder)
    {
        string path = folder.WorkFile(Leftovers.TargetNote);
        if (!File.Exists(path))
            return new TemporaryKeys(bucket, place, server, folder, IdOf(folder));
        string[] note = File.ReadAllLines(path);
        if (note.Length < 3 || note[0] != place.ToString() || note[1] != server)
            throw new IOException($"{folder.Path} is the work folder of a run into {(note.Length < 3 ? "another place" : $"{note[0]} on {note[1]}")}; choose another with --work");
        return new TemporaryKeys(bucket, place, server, folder, note[2]);
    }

    public string Of(string name) => Own + name;

    /// <summary>Notes whose folder it is; takes away what of its own nothing is noted of, and what of others has been silent for long.</summary>
    public void Tidy()
    {
        folder.WriteWork(Leftovers.TargetNote, stream => stream.Write(Encoding.UTF8.GetBytes($"{place}\n{server}\n{id}\n")));
        var notes = UploadState.All(folder).ToList();
        foreach (var open in bucket.Uploads(All(place)).ToList())
        {
            if (IsOwn(open.Key) ? !notes.Any(note => note.Key == open.Key && note.UploadId == open.Id) : LastSignOf(bucket, open) < DateTime.UtcNow - LongestSilence)
                bucket.Abort(open.Key, open.Id);
        }

        foreach (var found in bucket.List(Own).Where(found => !notes.Any(note => note.Key == found.Key)).ToList())
            bucket.Delete(found.Key);
        AbortCopies(notes);
    }

    /// <summary>Takes away all of its own.</summary>
    public void Clear()
    {
        foreach (var open in bucket.Uploads(Own).ToList())
            bucket.Abort(open.Key, open.Id);
        foreach (var found in bucket.List(Own).ToList())
            bucket.Delete(found.Key);
        AbortCopies(UploadState.All(folder));
    }

    /// <summary>Whether a key is that of a piece in the making, of whatever folder.</summary>
    public static bool Has(S3Place place, string key) => key.StartsWith(All(place), StringComparison.Ordinal);

    /// <summary>Whether a key is that of a piece in the making of this folder.</summary>
    public bool IsOwn(string key) => key.StartsWith(Own, StringComparison.Ordinal);

    /// <summary>Objects that are pieces in the making, of all folders.</summary>
    public static IEnumerable<BucketObject> Objects(IBucket bucket, S3Place place) => bucket.List(All(place));

    /// <summary>When something last came to an upload.</summary>
    public static DateTime LastSignOf(IBucket bucket, OpenUpload open) =>
        (bucket.Parts(open.Key, open.Id) ?? []).Select(part => part.Sent).Append(open.Begun).Max().ToUniversalTime();

    private void AbortCopies(IEnumerable<UploadNote> notes)
    {
        foreach (string final in notes.Select(note => note.Final).OfType<string>())
        {
            foreach (var open in bucket.Uploads(final).Where(open => open.Key == final).ToList())
                bucket.Abort(open.Key, open.Id);
        }
    }

    /// <summary>The same for the same folder of the same machine, so that a run finds what it left even where its folder was removed.</summary>
    private static string IdOf(OutputFolder folder)
    {
        const string MachineId = "/etc/machine-id";
        string machine = File.Exists(MachineId) ? File.ReadAllText(MachineId).Trim() : "";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{machine}\n{Environment.MachineName}\n{folder.Work}")))[..16];
    }
}
