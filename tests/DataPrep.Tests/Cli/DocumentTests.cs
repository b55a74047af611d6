using System.ComponentModel;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What is made of the parser: the reference in docs/, manual pages, and completion in real shells.</summary>
public sealed class DocumentTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public DocumentTests()
    {
        _ = scratch.Folder("run/out");
        _ = scratch.File("run/a.car", "");
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void TheReferenceIsWhatTheParserSays()
    {
        string made = scratch.At("reference.md");
        _ = DataPrepProcess.Run("document", "--markdown", made).Expect(0);
        Assert.True(
            File.ReadAllText(made) == File.ReadAllText(Path.Join(Checkout.Root, "docs/command-reference.md")),
            "docs/command-reference.md is not what the commands are. Write it anew: dotnet run -c Release --project src/DataPrep.Cli -- document --markdown docs/command-reference.md");
    }

    [Fact]
    public void EveryCommandHasAManualPageWithoutWarnings()
    {
        string folder = scratch.At("man");
        _ = DataPrepProcess.Run("document", "--man", folder).Expect(0);
        string[] pages = Directory.GetFiles(folder);
        Assert.Contains(Path.Join(folder, "dataprep.1"), pages);
        Assert.Contains(Path.Join(folder, "dataprep-bench-kernels.1"), pages);
        Assert.DoesNotContain(Path.Join(folder, "dataprep-document.1"), pages);
        Assert.Contains("\\fB\\-\\-piece\\-size\\fR \\fISIZE\\fR", File.ReadAllText(Path.Join(folder, "dataprep-pack.1")), StringComparison.Ordinal);
        var checkedPages = Shell("groff", ["-man", "-ww", "-z", .. pages]);
        Assert.Equal("", checkedPages.Error);
        _ = checkedPages.Expect(0);
    }

    public static TheoryData<string, string> Lines => new()
    {
        { "pa", "pack" },
        { "pack --prof", "--profile" },
        { "pack --profile unixfs-v1", "unixfs-v1-2025" },
        { "pack --name plan --input", "--input-io" },
        { "pack -o o", "out/" },
        { "commp a", "a.car" },
        { "status o", "out/" },
        { "bench k", "kernels" },
        { "bench o", "out/" },
        { "bench kernels --j", "--json" },
        { "completion f", "fish" },
        { "export out --format boost-a", "boost-allocate" },
        { "pack --name o", "" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void BashCompletes(string line, string expected)
    {
        string[] words = line.Split(' ');
        // Outside of a completion there is nobody to whom compopt could say that these are file names, who would add a slash.
        string script = $"compopt() {{ :; }}; . '{Script("bash")}' || exit; cd '{scratch.At("run")}'; COMP_WORDS=(dataprep {line}); COMP_CWORD={words.Length}; _dataprep; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        Assert.Equal(expected.TrimEnd('/'), Shell("bash", ["--norc", "-c", script]).Expect(0).Output.Trim());
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void FishCompletes(string line, string expected)
    {
        string script = $"source '{Script("fish")}'; cd '{scratch.At("run")}'; complete -C 'dataprep {line}'";
        Assert.Equal(expected, Shell("fish", ["--no-config", "-c", script]).Expect(0).Output.Split('\t')[0].Trim());
    }

    /// <summary>zsh completes for an editor only: it is given a terminal, a line and a tab.</summary>
    [Theory]
    [MemberData(nameof(Lines))]
    public void ZshCompletes(string line, string expected)
    {
        string script = $$"""
            zmodload zsh/zpty || exit
            zpty z zsh -f -i
            zpty -w z "cd '{{scratch.At("run")}}'; PS1=; autoload -U compinit; compinit -u -D; source '{{Script("zsh")}}'; bindkey -e; show() { print -r -- \"LINE<\$BUFFER>\"; BUFFER=; zle accept-line }; zle -N show; bindkey '^X' show; print READ''Y"
            zpty -r -m z _ '*READY*'
            zpty -w -n z $'dataprep {{line}}\t\x18'
            zpty -r -m z text '*LINE<*>*'
            print -r -- "${${text##*LINE<}%%>*}"
            """;
        string completed = Shell("zsh", ["-f", "-c", script]).Expect(0).Output.Trim().TrimEnd('=');
        string begun = "dataprep " + line;
        Assert.Equal(expected.Length == 0 ? begun : begun[..(begun.LastIndexOf(' ') + 1)] + expected, completed);
    }

    private string Script(string shell)
    {
        string path = scratch.At($"completion.{shell}");
        File.WriteAllText(path, DataPrepProcess.Run("completion", shell).Expect(0).Output);
        return path;
    }

    private static ProcessResult Shell(string program, string[] arguments)
    {
        try
        {
            return DataPrepProcess.Start(program, arguments, environment: variables => variables["TERM"] = "dumb").Finish();
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{program} is not installed.");
            throw;
        }
    }
}
