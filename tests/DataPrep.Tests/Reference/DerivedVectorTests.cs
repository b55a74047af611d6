using System.Text;
using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Reference;

/// <summary>The reference against vectors that other implementations were asked for: small widths, directories, fanouts, metadata.</summary>
public sealed class DerivedVectorTests
{
    private static readonly RefNode X = new RefFile("x"u8.ToArray());

    [Fact]
    public void BalancedSmall()
    {
        foreach (JsonElement vector in Vectors("derived", "unixfs-balanced-small.json"))
        {
            var options = new RefOptions(
                vector.GetProperty("chunk").GetInt64(),
                vector.GetProperty("width").GetInt32(),
                vector.GetProperty("cidVersion").GetInt32(),
                vector.GetProperty("rawLeaves").GetBoolean())
            { KeepLeafBytes = true };
            RefDag dag = RefUnixfs.Build(new RefFile(Lcg(vector.GetProperty("payloadLcg").GetInt32())), options);
            Check(vector, dag, "rootBlockHex");
            Assert.Equal(vector.GetProperty("blocks").GetInt32(), dag.PreOrder().Count());
        }
    }

    [Fact]
    public void Directories()
    {
        foreach (JsonElement vector in Vectors("derived", "unixfs-directories.json"))
        {
            var names = vector.GetProperty("nameUtf8Hex").EnumerateArray().Select(hex => Convert.FromHexString(hex.GetString()!)).ToList();
            Assert.Equal(vector.GetProperty("names").EnumerateArray().Select(name => Encoding.UTF8.GetBytes(name.GetString()!)), names);
            Check(vector, RefUnixfs.Build(new RefDirectory([.. names.Select(name => (name, X))]), RefOptions.V1_2025), "block");
        }
    }

    [Fact]
    public void HamtFanouts()
    {
        var directory = new RefDirectory([.. Enumerable.Range(0, 60).Select(i => (Encoding.ASCII.GetBytes($"file-{i}"), X))]);
        foreach (JsonElement vector in Vectors("derived", "unixfs-hamt-fanout.json"))
        {
            RefOptions options = RefOptions.V1_2025 with { HamtThreshold = 1, HamtFanout = vector.GetProperty("fanout").GetInt32() };
            Check(vector, RefUnixfs.Build(directory, options), block: null);
        }
    }

    [Fact]
    public void MurmurOfNames()
    {
        foreach (JsonElement vector in Vectors("derived", "murmur3-hamt.json"))
        {
            ulong h1 = RefMurmur.H1(Encoding.UTF8.GetBytes(vector.GetProperty("utf8").GetString()!));
            Assert.Equal(vector.GetProperty("h1BigEndianHex").GetString(), h1.ToString("x16"));
        }
    }

    [Fact]
    public void KuboModeAndMtime()
    {
        foreach (JsonElement vector in Vectors("unixfs", "kubo-mode-mtime.json"))
        {
            uint? mode = vector.TryGetProperty("mode", out JsonElement octal) ? Convert.ToUInt32(octal.GetString(), 8) : null;
            int nanos = vector.TryGetProperty("nanos", out JsonElement fraction) ? fraction.GetInt32() : 0;
            (long, int)? mtime = vector.TryGetProperty("mtime", out JsonElement seconds) ? (seconds.GetInt64(), nanos) : null;
            RefNode node = vector.GetProperty("type").GetString() switch
            {
                "file" => new RefFile([], mode, mtime),
                "directory" => new RefDirectory([], mode, mtime),
                _ => new RefSymlink(Encoding.UTF8.GetBytes(vector.GetProperty("target").GetString()!), mtime),
            };
            RefDag dag = RefUnixfs.Build(node, RefOptions.V0_2015 with { KeepLeafBytes = true });
            Assert.Equal(vector.GetProperty("cid").GetString(), dag.Cid.Text);
            Assert.Equal(vector.GetProperty("block").GetString(), Convert.ToHexStringLower(dag.Root.Bytes!));
        }
    }

    private static void Check(JsonElement vector, RefDag dag, string? block)
    {
        Assert.Equal(vector.GetProperty("root").GetString(), dag.Cid.Text);
        Assert.Equal(vector.GetProperty("tsize").GetInt64(), dag.Tsize);
        if (block is not null)
            Assert.Equal(vector.GetProperty(block).GetString(), Convert.ToHexStringLower(dag.Root.Bytes!));
    }

    private static List<JsonElement> Vectors(string folder, string file)
    {
        string path = SharedVectors.Require("vectors", "public", folder, file);
        JsonElement document = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
        JsonElement array = document.EnumerateObject().Single(property => property.Value.ValueKind == JsonValueKind.Array).Value;
        List<JsonElement> vectors = [.. array.EnumerateArray()];
        Assert.NotEmpty(vectors);
        return vectors;
    }

    /// <summary>The linear congruential stream behind the derived vectors.</summary>
    private static byte[] Lcg(int count)
    {
        var bytes = new byte[count];
        uint x = 12345;
        for (int i = 0; i < count; i++)
        {
            x = (x * 1664525) + 1013904223;
            bytes[i] = (byte)(x >> 24);
        }

        return bytes;
    }
}
