using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary><c>diff</c> of datasets and trees.</summary>
public sealed class DiffCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private void MakeTree()
    {
        _ = scratch.Noise("src/same", 5000);
        _ = scratch.Noise("src/sub/moves", 6000, 2);
        _ = scratch.Noise("src/sub/changes", 7000, 3);
        _ = scratch.Noise("src/sub/goes", 100, 4);
        _ = scratch.Noise("src/turns", 50, 5);
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "same");
    }

    private void ChangeTree()
    {
        Directory.CreateDirectory(scratch.At("src/place"));
        File.Move(scratch.At("src/sub/moves"), scratch.At("src/place/moved"));
        byte[] bytes = File.ReadAllBytes(scratch.At("src/sub/changes"));
        bytes[0] ^= 1;
        File.WriteAllBytes(scratch.At("src/sub/changes"), bytes);
        File.Delete(scratch.At("src/sub/goes"));
        File.Delete(scratch.At("src/turns"));
        Directory.CreateDirectory(scratch.At("src/turns"));
        File.Delete(scratch.At("src/link"));
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "sub.");
        _ = scratch.Noise("src/new", 300, 6);
    }

    private static string[] Events(ProcessResult result) =>
        [.. result.Events().Where(e => e.GetProperty("type").GetString() is not ("summary" or "warning"))
            .Select(e => $"{e.GetProperty("type").GetString()} {(e.TryGetProperty("from", out var from) ? from.GetString() + ">" : "")}{e.GetProperty("path").GetString()}")];

    [Fact]
    public void DatasetsAndTreesDifferByWhatWasDone()
    {
        MakeTree();
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("v1"), "-q").Expect(0);
        Assert.Contains("No difference", DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--metadata").Expect(0).Output, StringComparison.Ordinal);
        ChangeTree();
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("v2"), "-q").Expect(0);
        string[] expected = ["changed link", "added new", "added place", "moved sub/moves>place/moved", "changed sub/changes", "removed sub/goes", "type-changed turns"];
        var datasets = DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("v2"), "--json").Expect(0);
        Assert.Equal(expected, Events(datasets));
        Assert.Equal(expected, Events(DataPrepProcess.Run("diff", scratch.At("v1/files.jsonl"), scratch.At("v2/files.jsonl"), "--json", "--exit-code").Expect(4)));
        Assert.Equal(expected, Events(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--json", "--checksum").Expect(0)));
        var back = Events(DataPrepProcess.Run("diff", scratch.At("src"), scratch.At("v1"), "--json", "--checksum").Expect(0));
        Assert.Contains("moved place/moved>sub/moves", back);
        Assert.Contains("removed new", back);

        // Without reading, a move is an entry that went and one that came.
        string[] quick = Events(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--json").Expect(0));
        Assert.Equal(["changed link", "added new", "added place", "added place/moved", "changed sub/changes", "removed sub/goes", "removed sub/moves", "type-changed turns"], quick);
        var summary = datasets.Event("summary");
        Assert.Equal((2, 1, 2, 1, 1), (Number(summary, "added"), Number(summary, "removed"), Number(summary, "changed"), Number(summary, "moved"), Number(summary, "typeChanged")));
        Assert.Equal((300, 100, false), (Number(summary, "bytesAdded"), Number(summary, "bytesRemoved"), summary.GetProperty("equal").GetBoolean()));
        _ = Assert.Single(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("v2"), "--summary").Expect(0).Lines);
    }

    [Fact]
    public void TouchedFilesAreTheSameByContentAndShownAsMetadata()
    {
        MakeTree();
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("v1"), "-q").Expect(0);
        File.SetLastWriteTimeUtc(scratch.At("src/same"), DateTime.UnixEpoch);
        Assert.Equal(["changed same"], Events(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--json").Expect(0)));
        Assert.Empty(Events(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--json", "--checksum").Expect(0)));
        var touched = DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("src"), "--json", "--checksum", "--metadata").Expect(0);
        Assert.Equal(["metadata same"], Events(touched));
        Assert.Equal("1970-01-01T00:00:00.000000000Z", touched.Event("metadata").GetProperty("mtime").GetString());

        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("v0"), "--profile", "unixfs-v0-2015", "-q").Expect(0);
        Assert.Equal(["changed same"], Events(DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("v0"), "--json").Expect(0, "other parameters")));
    }

    [Fact]
    public void WhatCannotBeComparedIsRefused()
    {
        MakeTree();
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("v1"), "-q").Expect(0);
        DataPrepProcess.Run("diff", scratch.At("src"), scratch.At("src")).Expect(2, "both trees");
        DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("v1"), "--checksum").Expect(2, "--checksum");
        DataPrepProcess.Run("diff", scratch.At("v1"), scratch.At("none")).Expect(1, "none");
        File.Copy(scratch.At("v1/files.jsonl"), scratch.At("lone.jsonl"));
        DataPrepProcess.Run("diff", scratch.At("lone.jsonl"), scratch.At("src"), "--checksum").Expect(2, "dataset.json");
        DataPrepProcess.Run("diff", scratch.At("lone.jsonl"), scratch.At("src"), "--exit-code").Expect(0);
        File.AppendAllText(scratch.At("lone.jsonl"), "{}\n");
        DataPrepProcess.Run("diff", scratch.At("lone.jsonl"), scratch.At("v1")).Expect(1, "offset");
    }

    private static long Number(JsonElement summary, string name) => summary.GetProperty(name).GetInt64();
}
