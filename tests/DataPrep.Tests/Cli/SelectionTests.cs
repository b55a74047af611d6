using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What <c>pack</c> takes when it is told what to take.</summary>
public sealed class SelectionTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string Sample()
    {
        foreach (string path in (string[])["raw/2023/a.csv", "raw/2024/b.csv", "raw/2024/b.tmp", "build/x.o", ".git/HEAD", "@eaDir/t", "README.md", "a b"])
            _ = scratch.File($"src/{path}", path);
        _ = scratch.Folder("src/hollow");
        return scratch.At("src");
    }

    private string Listed(params string[] options)
    {
        DataPrepProcess.Run(["pack", Sample(), "-o", Out, .. options]).Expect(0);
        return Contents();
    }

    /// <summary>The files, and the folders that are empty.</summary>
    private string Contents()
    {
        DataPrepProcess.Run("verify", Out).Expect(0);
        string[] lines = DataPrepProcess.Run("ls", Out).Expect(0).Lines;
        string found = string.Join(' ', lines.Where((line, i) => !line.EndsWith('/') || i + 1 == lines.Length || !lines[i + 1].StartsWith(line, StringComparison.Ordinal)));
        Directory.Delete(Out, recursive: true);
        return found;
    }

    [Fact]
    public void PatternsLeaveOutAndTake()
    {
        Assert.Equal("README.md a b hollow/ raw/2023/a.csv raw/2024/b.csv raw/2024/b.tmp", Listed("--exclude", "build/", "--exclude", ".git", "--exclude=@eaDir"));
        Assert.Equal("raw/2023/a.csv raw/2024/b.csv", Listed("--include", "*.csv"));
        Assert.Equal("hollow/ raw/2024/b.csv", Listed("--include", "/raw/2024", "--include", "hollow", "--exclude", "*.tmp"));
        Assert.Equal(".git/HEAD @eaDir/t README.md hollow/ raw/2024/b.tmp", Listed("--exclude", "a*b", "--exclude", "*", "--exclude", "!*/", "--exclude", "!H*", "--exclude", "!R*", "--exclude", "!t", "--exclude", "!*.tmp", "--exclude", "/build", "--exclude", "2023"));
    }

    [Fact]
    public void TheLastPatternDecidesWhereverItStands()
    {
        string keep = scratch.File("keep", "# of the raw files only these\r\n!b.csv\r\n\r\n");
        Assert.Contains("b.csv", Listed("--exclude", "*.csv", "--exclude-from", keep), StringComparison.Ordinal);
        Assert.DoesNotContain("b.csv", Listed("--exclude-from", keep, "--exclude", "*.csv"), StringComparison.Ordinal);
        // What stands in a folder that is left out is not taken back.
        Assert.DoesNotContain("b.csv", Listed("--exclude", "2024", "--exclude-from", keep), StringComparison.Ordinal);
    }

    [Fact]
    public void AListNamesWhatIsTaken()
    {
        string list = scratch.File("list", $"raw/2024/\n\n./README.md\n{scratch.At("src/hollow")}\na b\n");
        Assert.Equal("README.md a b hollow/ raw/2024/b.csv raw/2024/b.tmp", Listed("--files-from", list));
        Assert.Equal("README.md a b hollow/ raw/2024/b.csv", Listed("--files-from", list, "--exclude", "*.tmp"));
        Assert.Equal("raw/2024/b.csv", Listed("--files-from", list, "--include", "*.csv"));

        DataPrepProcess.Start(DataPrepProcess.Executable, ["pack", Sample(), "--files-from", "-", "-o", Out], Encoding.UTF8.GetBytes("a b\0build\0")).Finish().Expect(0);
        Assert.Equal("a b build/x.o", Contents());

        // No SOURCE: the current folder. And a list may be a pipe.
        DataPrepProcess.Shell("cd \"$1\" && \"$D\" pack --files-from <(find \"$PWD\" -name '*.csv' -print0) -o \"$2\"", Sample(), Out).Expect(0);
        Assert.Equal("src", JsonDocument.Parse(File.ReadAllBytes(Path.Join(Out, "dataset.json"))).RootElement.GetProperty("name").GetString());
        Assert.Equal("raw/2023/a.csv raw/2024/b.csv", Contents());
    }

    [Fact]
    public void WhatAListMissesIsSkipped()
    {
        string list = scratch.File("list", "a b\nno/such\nno/other\nREADME.md/x\nno/excluded.tmp\n");
        var result = DataPrepProcess.Run("pack", Sample(), "--files-from", list, "--exclude", "*.tmp", "-o", Out).Expect(3, "no/such", "no/other", "README.md/x");
        Assert.DoesNotContain("excluded", result.Error, StringComparison.Ordinal);
        Assert.Equal(["README.md/x vanished", "no/other vanished", "no/such vanished"], Skipped());
        Assert.Equal("a b\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        DataPrepProcess.Run("verify", Out).Expect(0);
        DataPrepProcess.Run("pack", Sample(), "--files-from", scratch.File("list", "none\n"), "-o", scratch.At("out2")).Expect(3, "no file was selected", "none");
    }

    [Fact]
    public void BytesThatAreNoTextAreNamedAndMatched()
    {
        DataPrepProcess.Shell("""
            set -e -o pipefail
            mkdir "$1" && cd "$1" && touch $'\xff.csv' $'\xfe.csv' plain.csv
            printf '\xff*\n' > ../patterns; printf '\xff.csv\nplain.csv\n' > ../list
            "$D" pack . --exclude-from ../patterns -o ../out
            "$D" pack . --files-from ../list -o ../out2
            """, scratch.At("names")).Expect(0);
        Assert.Equal(["", "fe2e637376"], Hex(Out));
        Assert.Equal(["", "ff2e637376"], Hex(scratch.At("out2")));
    }

    [Fact]
    public void ExcludedFoldersMayBeUnreadable()
    {
        string source = Sample();
        scratch.Mode(scratch.At("src/build"), 0);
        foreach (string[] options in (string[][])[["--exclude", "build"], ["--include", "/raw"], ["--files-from", scratch.File("list", "raw")]])
        {
            FaultTests.Unprivileged(["pack", source, "--dry-run", .. options]).Expect(0);
            FaultTests.Unprivileged(["pack", source, "--dry-run", "--threads", "8", .. options]).Expect(0);
        }

        FaultTests.Unprivileged("pack", source, "--dry-run", "--include", "*.o").Expect(3, "build");

        // Of a folder that may be listed but not searched nobody knows what its entries are.
        scratch.Mode(scratch.At("src/raw"), 0x124);
        FaultTests.Unprivileged("pack", source, "--dry-run", "--include", "*.csv", "--exclude", "build").Expect(3, "raw/2023", "raw/2024");
        FaultTests.Unprivileged("pack", source, "--dry-run", "--include", "*.md", "--exclude", "20*/", "--exclude", "build").Expect(0);
    }

    [Fact]
    public void TheSelectionIsRecordedAndHeldAgainstTheNextRun()
    {
        string source = Sample(), list = scratch.File("list", "raw\n"), keep = scratch.File("keep", "!b.tmp\n");
        string[] options = ["pack", source, "-o", Out, "--include", "raw", "--exclude", "*.tmp", "--exclude-from", keep, "--exclude", "2023", "--files-from", list, "--one-file-system"];
        DataPrepProcess.Run(options).Expect(0);
        var selection = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Out, "dataset.json"))).RootElement.GetProperty("selection");
        string digest = Convert.ToHexStringLower(SHA256.HashData("raw\0"u8));
        Assert.Equal($$"""{"include":["raw"],"exclude":["*.tmp","!b.tmp","2023"],"filesFrom":"{{digest}}","oneFileSystem":true}""", JsonSerializer.Serialize(selection));

        Assert.Contains("already", DataPrepProcess.Run(options).Expect(0).Output, StringComparison.Ordinal);
        _ = scratch.File("list", "./raw/\0raw\0");
        Assert.Contains("already", DataPrepProcess.Run(options).Expect(0).Output, StringComparison.Ordinal);
        DataPrepProcess.Run([.. options, "--exclude", "nothing"]).Expect(1, "another dataset", "other patterns");
        DataPrepProcess.Run("pack", source, "-o", Out).Expect(1, "another dataset");

        DataPrepProcess.Run("pack", source, "-o", scratch.At("all")).Expect(0);
        Assert.DoesNotContain("selection", File.ReadAllText(scratch.At("all/dataset.json")), StringComparison.Ordinal);
        DataPrepProcess.Run("pack", source, "-o", scratch.At("all"), "--exclude", "nothing").Expect(1, "other patterns");
    }

    [Fact]
    public void OtherFileSystemsAreEmptyFolders()
    {
        string source = Sample();
        _ = scratch.Folder("src/mounted");
        string script = "mount -t tmpfs none \"$1/mounted\" && touch \"$1/mounted/x\" && \"$D\" pack \"$1\" -o \"$2\" --include mounted --one-file-system && \"$D\" pack \"$1\" -o \"$2.all\" --include mounted";
        if (DataPrepProcess.Shell("unshare -rm mount -t tmpfs none \"$1\"", scratch.At("src/mounted")).ExitCode != 0)
            Assert.Skip("No file system can be mounted here.");
        DataPrepProcess.Shell($"unshare -rm bash -c '{script}' bash \"$1\" \"$2\"", source, Out).Expect(0);
        Assert.Equal("mounted/\n", DataPrepProcess.Run("ls", Out).Expect(0).Output);
        Assert.Equal("mounted/\nmounted/x\n", DataPrepProcess.Run("ls", Out + ".all").Expect(0).Output);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        string source = Sample(), broken = scratch.File("broken", "ok\nb[ad\n./x\n");
        (string[] Options, string[] Said)[] mistakes =
        [
            (["--exclude", "./build"], ["./build", "'.'"]),
            (["--exclude", ""], ["--exclude ''", "nothing in it"]),
            (["--include", "b[ad"], ["b[ad", "not closed"]),
            (["--include", "!x"], ["--include '!x'", "--exclude"]),
            (["--files-from", scratch.File("outside", "a b\n\n../x\n")], ["outside: line 3", "'../x'"]),
            (["--files-from", scratch.File("absolute", "/etc/passwd")], ["absolute: line 1", "/etc/passwd"]),
            (["--files-from", scratch.File("empty", "\n")], ["empty", "no path"]),
            (["--files-from", broken, scratch.At("src/raw")], ["one folder"]),
            (["--files-from", ""], ["--files-from", "empty"]),
            (["--exclude-from", ""], ["--exclude-from", "empty"]),
            (["--exclude", "/x", ""], ["SOURCE", "empty"]),
        ];
        foreach (var (options, said) in mistakes)
            DataPrepProcess.Run(["pack", source, "-o", Out, .. options]).Expect(2, said);
        DataPrepProcess.Run("pack", scratch.At("src/README.md"), "-o", Out, "--files-from", broken).Expect(2, "README.md", "folder");
        DataPrepProcess.Run("pack", source, "-o", Out, "--exclude-from", scratch.At("none")).Expect(1, scratch.At("none"));
        DataPrepProcess.Run("pack", source, "-o", Out, "--files-from", scratch.At("none")).Expect(1, scratch.At("none"));
        Assert.False(Directory.Exists(Out));

        DataPrepProcess.Run("pack", source, "-o", Out, "--exclude-from", broken).Expect(0, "broken, line 2: 'b[ad'", "line 3: './x'");
        DataPrepProcess.Run("pack", source, "--dry-run", "--exclude", $"{source}/raw").Expect(0, "relative to");
        DataPrepProcess.Run("pack", source, "--dry-run", "--include", "none").Expect(0, "no file was selected");
    }

    private static IEnumerable<string> Hex(string folder) => File.ReadAllLines(Path.Join(folder, "files.jsonl"))
        .Select(row => JsonDocument.Parse(row).RootElement.TryGetProperty("pathHex", out var hex) ? hex.GetString()! : "").Order(StringComparer.Ordinal);

    private IEnumerable<string> Skipped() => File.ReadAllLines(Path.Join(Out, "skipped.jsonl"))
        .Select(row => JsonDocument.Parse(row).RootElement)
        .Select(row => $"{row.GetProperty("path")} {row.GetProperty("reason")}");
}
