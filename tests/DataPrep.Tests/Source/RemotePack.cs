using DataPrep.Packing;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>Packs what an <see cref="ObjectServer"/> serves, and the same files from a folder.</summary>
internal sealed class RemotePack : IDisposable
{
    /// <summary>Tries again at once, and not for long.</summary>
    public static readonly RemoteLimits Quick = new() { Connections = 8, FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(10), Stall = TimeSpan.FromSeconds(0.3), Patience = TimeSpan.FromSeconds(30) };

    private readonly ScratchFolder scratch = new();
    private int outputs;

    public ObjectServer Server { get; } = new();

    public List<string> Warnings { get; } = [];

    public string Folder => scratch.Folder("data");

    public string NewOutput() => scratch.At($"out{outputs++}");

    /// <summary>Writes a file with a time of whole seconds, as servers tell.</summary>
    public void File(string path, byte[] content)
    {
        string file = scratch.File($"data/{path}", content);
        System.IO.File.SetLastWriteTimeUtc(file, new DateTime(2025, 2, 3, 4, 5, content.Length % 60, DateTimeKind.Utc));
        for (string? folder = Path.GetDirectoryName(file); folder != scratch.Root; folder = Path.GetDirectoryName(folder))
            Directory.SetLastWriteTimeUtc(folder!, DateTime.UnixEpoch);
    }

    /// <summary>Files of random sizes, some of which end at or beside the end of a chunk, serves them and writes a list of their URLs in another order.</summary>
    public string RandomFiles(int seed, int files, int largest)
    {
        var random = new Random(seed);
        for (int i = 0; i < files; i++)
        {
            int size = random.Next(4) switch { 0 => random.Next(3), 1 => Math.Min(largest, Chunk * random.Next(1, 6)) + random.Next(-1, 2), _ => random.Next(largest) };
            File($"{random.Next(3) switch { 0 => "", 1 => "a b/", _ => "a b/c%/" }}{i}{(i % 3 == 0 ? "-\u00e9" : "")}", ScratchFolder.Bytes(size, seed + i));
        }

        Server.PutAll(Folder);
        return List([.. Server.Objects.Keys.OrderBy(_ => random.Next())]);
    }

    public string List(params string[] paths) => scratch.File("list.txt", string.Concat(paths.Select(path => $"{(path.StartsWith('/') ? Server.Url : "")}{path}\n")));

    public HttpSource OfList(string list, RemoteLimits? limits = null) => new(list, new HttpAccess(), limits ?? Quick, Warn);

    public HttpSource OfUrls(params string[] urls) => new(urls, new HttpAccess(), Quick, Warn);

    public PackResult Pack(IRemoteSource source, string output, OnChange onChange = OnChange.Retry) => PackUntil(source, output, default, onChange);

    public PackResult PackUntil(IRemoteSource source, string output, CancellationToken cancel, OnChange onChange = OnChange.Retry) =>
        new DatasetPacker(Options(output) with { Remote = source, OnChange = onChange }, new PackCounters(), cancel).Run();

    public static SourceTree Scan(IRemoteSource source, ScanOptions? options = null) => source.Scan(options ?? new ScanOptions(), null, default);

    public PackResult PackLocal(string output, string? path = null) =>
        new DatasetPacker(Options(output) with { Sources = [path ?? Folder] }, new PackCounters(), default).Run();

    /// <summary>Everything that the files of two outputs hold, but what is of one machine alone.</summary>
    public static void AssertSame(string expected, string actual)
    {
        string[] names = Names(expected);
        Assert.Equal(names, Names(actual));
        Assert.All(names, name => Assert.True(System.IO.File.ReadAllBytes(Path.Join(expected, name)).AsSpan().SequenceEqual(System.IO.File.ReadAllBytes(Path.Join(actual, name))), name));

        static string[] Names(string folder) => [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
    }

    public void Dispose()
    {
        Server.Dispose();
        scratch.Dispose();
    }

    private const int Chunk = 64 << 10;

    private PackOptions Options(string output) => new()
    {
        Sources = [],
        Output = output,
        Name = "data",
        Profile = UnixFsProfile.V1Of2025 with { ChunkSize = Chunk },
        SlabSize = 1 << 20,
        PieceSize = 4 << 20,
        Threads = 2,
        Warn = Warn,
    };

    private void Warn(string text)
    {
        lock (Warnings)
            Warnings.Add(text);
    }
}
