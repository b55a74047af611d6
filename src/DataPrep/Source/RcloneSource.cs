using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DataPrep.Source;

/// <summary>
/// What lies in a remote of rclone: <c>remote:path</c>, as in its configuration, or <c>:type,option=value:path</c>. rclone says nothing of versions when it sends bytes,
/// so that the size and time of a file are asked for again when a range has been read.
/// </summary>
internal sealed class RcloneSource : IRemoteSource, IObjectTransport
{
    /// <summary>What rclone calls the precision of times where a remote has none.</summary>
    private const long NoTimes = 3_153_600_000_000_000_000;

    private readonly RcloneDaemon daemon;
    private readonly string fs;
    private readonly string? file;
    private readonly JsonElement found;
    private readonly bool hasTimes;

    /// <param name="remote">What stands behind <c>rclone:</c>.</param>
    /// <exception cref="SourceException">There is no rclone, or it cannot find the remote.</exception>
    public RcloneSource(string remote, RemoteLimits limits, Action<string>? warn = null)
    {
        if (remote.Length == 0 || remote.Contains(']', StringComparison.Ordinal))
            throw new SourceException("a remote is written rclone:REMOTE:PATH, and without ]", PathText.FromArgument($"rclone:{remote}")) { IsUsage = true };
        fs = remote;
        // An option of a remote that is made up on the command line may be a password.
        int comma = remote.StartsWith(':') ? remote.IndexOf(',', StringComparison.Ordinal) : -1;
        Names = [comma < 0 ? $"rclone:{remote}" : $"rclone:{remote[..comma]},sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(remote)))[..16]}"];
        daemon = new RcloneDaemon(limits);
        Objects = new ObjectClient(this, limits, warn);
        try
        {
            (file, found) = Find();
            if (file is not null)
                fs = remote[..^file.Length];
            using var info = Call("operations/fsinfo", writer => writer.WriteString("fs", fs));
            hasTimes = !info.RootElement.TryGetProperty("Precision", out var precision) || !precision.TryGetInt64(out long nanoseconds) || nanoseconds < NoTimes;
            if (!hasTimes)
                warn?.Invoke($"{Names[0]}: this remote has no times of modification: a file that changes while it is packed is noticed only if its size changes");
        }
        catch (ObjectException e)
        {
            Dispose();
            throw new SourceException(e.Message, PathText.FromArgument(Names[0]));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Names { get; }

    public ObjectClient Objects { get; }

    public bool AnswersTellVersion => false;

    public string Locate(SourceTree tree, int entry) => file ?? PathText.Show(tree.DatasetPath(entry));

    public SourceTree Scan(ScanOptions options, Action<int>? progress, CancellationToken cancel)
    {
        byte[] place = PathText.FromArgument(Names[0]);
        if (file is not null)
            return ObjectListing.OfFile(PathText.FromArgument(file), StateOf(found) ?? throw new SourceException("rclone does not know its size", place), place, options.Wrap);
        var listing = new ObjectListing();
        ListAsync(listing, options, progress, cancel).GetAwaiter().GetResult();
        var name = PathText.BaseName(PathText.FromArgument(fs[(fs.LastIndexOf(':') + 1)..]));
        string remote = fs.TrimStart(':').Split(':', ',')[0];
        return listing.Build(name.IsEmpty ? PathText.FromArgument(remote) : name, place, options);
    }

    public async Task<ObjectState> StatAsync(string location, CancellationToken cancel)
    {
        using var answer = await daemon.CallAsync("operations/stat", writer => Arguments(writer, location), cancel).ConfigureAwait(false);
        return answer.RootElement.TryGetProperty("item", out var item) && item.ValueKind == JsonValueKind.Object && StateOf(item) is { } state
            ? state
            : throw new ObjectException(ObjectFault.Gone, "rclone finds no such file");
    }

    public async Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel)
    {
        daemon.RequireAlive();
        string url = HttpPlace.Below($"{daemon.Address}%5B{Uri.EscapeDataString(fs)}%5D", PathText.FromArgument(location));
        var answer = await daemon.Objects.OpenAsync(url, offset, length, new ObjectState(expected.Size, "", null), cancel).ConfigureAwait(false);
        return new ObjectAnswer(new ObjectState(answer.State.Size, expected.Tag, null), answer.Offset, answer.Body, answer);
    }

    public void Dispose() => daemon.Dispose();

    /// <summary>Whether the remote is a folder, or else which file.</summary>
    private (string? File, JsonElement Found) Find()
    {
        try
        {
            using var root = Call("operations/list", writer => Arguments(writer, "", isList: true));
            return default;
        }
        catch (ObjectException e) when (e.Message.Contains("is a file", StringComparison.Ordinal))
        {
            string name = fs[(fs.LastIndexOfAny([':', '/']) + 1)..];
            using var answer = Call("operations/stat", writer =>
            {
                writer.WriteString("fs", fs[..^name.Length]);
                writer.WriteString("remote", name);
            });
            return answer.RootElement.TryGetProperty("item", out var item) && item.ValueKind == JsonValueKind.Object && name.Length > 0
                ? (name, item.Clone())
                : throw new ObjectException(ObjectFault.Gone, "rclone finds no such file");
        }
    }

    /// <summary>Lists folder by folder, those of one depth side by side, so that no answer is longer than the largest folder makes it.</summary>
    private async Task ListAsync(ObjectListing listing, ScanOptions options, Action<int>? progress, CancellationToken cancel)
    {
        const int SideBySide = 8;
        var level = new List<string> { "" };
        while (level.Count > 0)
        {
            var below = new List<string>();
            int next = -1;
            var tasks = new Task[Math.Min(level.Count, SideBySide)];
            for (int i = 0; i < tasks.Length; i++)
                tasks[i] = Ask();
            await Task.WhenAll(tasks).ConfigureAwait(false);
            level = below;

            async Task Ask()
            {
                for (int i; (i = Interlocked.Increment(ref next)) < level.Count;)
                {
                    using var answer = await ListFolderAsync(level[i], listing, cancel).ConfigureAwait(false);
                    lock (listing)
                    {
                        if (answer is not null)
                            Take(answer.RootElement, level[i], listing, options, below);
                        progress?.Invoke(listing.Count);
                    }
                }
            }
        }
    }

    private async Task<JsonDocument?> ListFolderAsync(string folder, ObjectListing listing, CancellationToken cancel)
    {
        var retries = Objects.Retries();
        while (true)
        {
            try
            {
                return await daemon.CallAsync("operations/list", writer => Arguments(writer, folder, isList: true), cancel).ConfigureAwait(false);
            }
            catch (ObjectException e) when (e.Fault == ObjectFault.Gone)
            {
                lock (listing)
                    listing.Skip(PathText.FromArgument(folder), "vanished", e.Message);
                return null;
            }
            catch (Exception e) when (Retry.IsFault(e))
            {
                cancel.ThrowIfCancellationRequested();
                await Task.Delay(Objects.Pause(retries, e, $"{Names[0]} {folder}"), cancel).ConfigureAwait(false);
            }
        }
    }

    private void Take(JsonElement answer, string folder, ObjectListing listing, ScanOptions options, List<string> below)
    {
        if (!answer.TryGetProperty("list", out var list) || list.ValueKind != JsonValueKind.Array)
            return; // of an empty folder it is null
        foreach (var item in list.EnumerateArray())
        {
            string name = item.TryGetProperty("Name", out var text) ? text.GetString() ?? "" : "";
            string path = folder.Length == 0 ? name : $"{folder}/{name}";
            byte[] bytes = PathText.FromArgument(path);
            bool isFolder = item.TryGetProperty("IsDir", out var dir) && dir.ValueKind == JsonValueKind.True;
            if (name.Contains('/', StringComparison.Ordinal) || ObjectListing.ProblemOf(bytes) is not null)
            {
                listing.Skip(bytes, "name", $"{ObjectListing.ProblemOf(bytes) ?? "its name has a slash in it"}, so that it cannot stand in a dataset");
            }
            else if (isFolder)
            {
                listing.AddFolder(bytes);
                below.Add(path);
            }
            else if (StateOf(item) is { } state)
            {
                _ = listing.Add(bytes, state);
            }
            else if (ObjectListing.Takes(options, bytes))
            {
                listing.Skip(bytes, "unreadable", "rclone does not know its size, which has to be known before it is read");
            }
        }
    }

    private ObjectState? StateOf(JsonElement item)
    {
        if (!item.TryGetProperty("Size", out var size) || !size.TryGetInt64(out long bytes) || bytes < 0)
            return null;
        string time = hasTimes && item.TryGetProperty("ModTime", out var text) ? text.GetString() ?? "" : "";
        bool isTime = DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var modified) && time.Length <= SourceTree.LongestTag;
        return new ObjectState(bytes, isTime ? time : "", isTime ? modified : null);
    }

    private JsonDocument Call(string command, Action<Utf8JsonWriter> write) => daemon.CallAsync(command, write, default).GetAwaiter().GetResult();

    private void Arguments(Utf8JsonWriter writer, string remote, bool isList = false)
    {
        writer.WriteString("fs", fs);
        writer.WriteString("remote", remote);
        writer.WriteStartObject("opt");
        writer.WriteBoolean("noMimeType", true);
        if (isList)
            writer.WriteBoolean("recurse", false);
        writer.WriteEndObject();
    }
}
