using System.Text.RegularExpressions;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Options from a file of settings and from the environment.</summary>
public sealed partial class SettingsTests : IDisposable
{
    private const string ConfigVariable = "DATAPREP_CONFIG";
    private readonly ScratchFolder scratch = new();
    private readonly string config;

    public SettingsTests()
    {
        config = scratch.At("config.json");
        foreach (string name in (string[])["a.nc", "b.tmp", "c=d", "\"q\""])
            _ = scratch.File($"src/{name}", name);
    }

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AFlagBeatsTheEnvironmentBeatsTheFile()
    {
        _ = Write("""
            {
              // the name of every dataset
              "name": "top",
              "json": true,
              "pack": { "name": "own", },
            }
            """);
        Assert.Equal("own", NameOf([]));
        Assert.Equal("general", NameOf([], ("DATAPREP_NAME", "general")));
        Assert.Equal("command", NameOf([], ("DATAPREP_NAME", "general"), ("DATAPREP_PACK_NAME", "command")));
        Assert.Equal("flag", NameOf(["--name", "flag"], ("DATAPREP_NAME", "general"), ("DATAPREP_PACK_NAME", "command")));
        Assert.Equal("own", NameOf([], ("DATAPREP_NAME", "")));
        Assert.Equal("own", NameOf([], ("DATAPREP_PLAN_NAME", "of another command")));
    }

    [Fact]
    public void ACommandTakesBackWhatTheTopSays()
    {
        _ = Write("""{"name": "top", "json": true, "inline": true, "pack": {"name": null, "inline": false}}""");
        Assert.Equal("src", NameOf(["--on-piece", "true"]));
    }

    [Fact]
    public void ValuesAreWhatTheyAre()
    {
        _ = Write("""{"json": true, "pack": {"exclude": ["*.tmp", "c=d", "\"q\""], "name": "-q: --name", "raw-leaves": false, "threads": 2}}""");
        var summary = Pack(["--config", config]).Expect(0).Event("plan");
        Assert.Equal("-q: --name", summary.GetProperty("name").GetString());
        Assert.Equal(1, summary.GetProperty("files").GetInt32());
        // A list on the command line stands for itself
        Assert.Equal(3, Pack(["--config", config, "--exclude", "a.nc"]).Expect(0).Event("plan").GetProperty("files").GetInt32());
    }

    [Fact]
    public void AListInAVariableHasALineForEach() =>
        Assert.Equal(2, Pack(["--json"], ("DATAPREP_EXCLUDE", "*.tmp\nc=d\n")).Expect(0).Event("plan").GetProperty("files").GetInt32());

    [Fact]
    public void AnEmptyNameIsThatAndNotTheWordBehindIt() =>
        Pack(["--config", Write("""{"pack": {"previous": ""}}""")]).Expect(2, "--previous: the name of the folder is empty", "--previous comes from " + config + ": pack.previous");

    [Fact]
    public void ArgumentsBehindTwoDashesStayArguments() =>
        DataPrepProcess.Start(DataPrepProcess.Executable, ["commp", "--", "-x"], environment: e => e["DATAPREP_THREADS"] = "1").Finish().Expect(1, "-x");

    [Theory]
    [InlineData("""{"pack": {"piece-size": "64Gi"}}""", "config.json: pack.piece-size: '64Gi' is no size; write it as 32GiB")]
    [InlineData("""{"threads": 0}""", "config.json: threads: --threads must be from 1 to 1024")]
    [InlineData("""{"threads": [1, 2]}""", "config.json: threads: Option '--threads' expects a single argument")]
    [InlineData("""{"threads": "x"}""", "config.json: threads: Cannot parse argument 'x'")]
    [InlineData("""{"inline": "yes"}""", "config.json: inline: 'yes' is neither true nor false")]
    [InlineData("""{"threds": 1}""", "config.json: threds: 'threds' is no option of any command")]
    [InlineData("""{"pack": {"listen": "x"}}""", "config.json: pack.listen: 'listen' is no option of pack")]
    [InlineData("""{"bench": {"pipeline": {"listen": "x"}}}""", "config.json: bench.pipeline.listen: 'listen' is no option of bench pipeline")]
    [InlineData("""{"pac": {}}""", "config.json: pac: 'pac' is no command")]
    [InlineData("""{"threads": {}}""", "config.json: threads: an object is no value of an option")]
    [InlineData("""{"pack": 1}""", "config.json: pack: what is said of a command is an object")]
    [InlineData("""{"config": "other.json"}""", "config.json: config: 'config' is no option")]
    [InlineData("""{"exclude": [[]]}""", "config.json: exclude: a list holds texts and numbers")]
    [InlineData("""{"threads": 1, "threads": 2}""", "config.json: ")]
    [InlineData("""[]""", "config.json: settings are a JSON object")]
    [InlineData("{\n\"threads\": 1", "config.json: line 2, byte ")]
    public void WhatIsWrongInAFileIsNamed(string json, string message) => Pack(["--config", Write(json)]).Expect(2, message);

    [Fact]
    public void WhatIsWrongInAVariableIsNamed() =>
        Pack([], ("DATAPREP_PACK_PIECE_SIZE", "64Gi")).Expect(2, "DATAPREP_PACK_PIECE_SIZE: '64Gi' is no size");

    [Fact]
    public void AFileThatIsNotThereIsWrongUsage()
    {
        Pack(["--config", config]).Expect(2, $"{config}: settings cannot be read: there is no such file");
        Pack([], (ConfigVariable, config)).Expect(2, $"{config}: settings cannot be read: there is no such file");
        Pack(["--config", ""]).Expect(2, "--config: the name of the file is empty");
        // A file that is named comes before the one of the variable, and an empty one sets nothing
        Pack(["--config", "/dev/null"], (ConfigVariable, config)).Expect(0);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("pack --help")]
    [InlineData("--version")]
    [InlineData("[suggest:6] pack -")]
    public void HelpIsGivenWhateverSettingsSay(string line)
    {
        _ = Write("{");
        string[] arguments = line.StartsWith('[') ? ["[suggest:6]", "pack -"] : line.Split(' ');
        var result = DataPrepProcess.Start(DataPrepProcess.Executable, arguments, environment: e => e[ConfigVariable] = config).Finish().Expect(0);
        Assert.Empty(result.Error);
        Assert.NotEmpty(result.Output);
    }

    [Fact]
    public void WhatDoesNotGoTogetherIsJudgedOfAllTogether() =>
        Pack(["--on-piece", "true"], ("DATAPREP_INLINE", "1")).Expect(2, "--inline does not go with --on-piece", "--inline comes from DATAPREP_INLINE");

    [Fact]
    public void AFlagSwitchesOffWhatASettingSwitchesOn() => Pack(["--on-piece", "true", "--inline=false"], ("DATAPREP_INLINE", "1")).Expect(0);

    [Fact]
    public void VerboseSaysWhatCameFromWhere()
    {
        var result = Pack(["-v", "--config", Write("""{"threads": 1}""")], ("DATAPREP_NAME", "secret")).Expect(0, $"--threads comes from {config}: threads\n", "--name comes from DATAPREP_NAME\n");
        Assert.DoesNotContain("secret", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TheVariablesOfOtherThingsAreNoOptions() =>
        Pack(["--json"], ("DATAPREP_PIECE_SIZE", "68719476736"), ("DATAPREP_SHA256", "portable"), ("DATAPREP_SERVICE_HOST", "10.0.0.1")).Expect(0);

    /// <summary>Whoever gives a variable of the program a meaning has to say that it is no option.</summary>
    [Fact]
    public void EveryVariableInTheSourcesIsReserved()
    {
        string folder = Path.Join(Checkout.Root, "src"), list = Path.Join(folder, "DataPrep.Cli/Settings/SettingsEnvironment.cs"), text = File.ReadAllText(list);
        string[] reserved = [.. Names(text[text.IndexOf("Reserved =", StringComparison.Ordinal)..]), ConfigVariable];
        string[] used = [.. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => file != list && !file.EndsWith("/ManPages.cs", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .SelectMany(file => Names(File.ReadAllText(file)))
            .Distinct()];
        Assert.Contains("DATAPREP_PIECE_SIZE", used);
        Assert.Empty(used.Except(reserved));
        Assert.Empty(reserved.Except(Names(File.ReadAllText(Path.Join(Checkout.Root, "docs/settings.md")))));
    }

    private static IEnumerable<string> Names(string text) => Variable().Matches(text).Select(match => match.Value);

    [GeneratedRegex("DATAPREP_[A-Z0-9_]*[A-Z0-9]")]
    private static partial Regex Variable();

    private string Write(string json)
    {
        File.WriteAllText(config, json);
        return config;
    }

    private string? NameOf(string[] more, params (string, string)[] environment) =>
        Pack([.. more, "--config", config], environment).Expect(0).Event("plan").GetProperty("name").GetString();

    private ProcessResult Pack(string[] more, params (string Name, string Value)[] environment) =>
        DataPrepProcess.Start(
            DataPrepProcess.Executable,
            ["pack", scratch.At("src"), "-o", scratch.At("out"), "--dry-run", .. more],
            environment: variables => environment.ToList().ForEach(each => variables[each.Name] = each.Value)).Finish();
}
