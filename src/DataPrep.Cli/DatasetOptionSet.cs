using System.CommandLine;
using System.CommandLine.Parsing;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>What decides the output: the sources, and how a dataset is made of them. Of a plan it is fixed.</summary>
internal sealed class DatasetOptionSet(RemoteOptionSet remote, S3OptionSet s3)
{
    private readonly Argument<string[]> sources = new("SOURCE") { Description = "Folders and files to pack, or URLs, s3://BUCKET/PREFIX, rclone:REMOTE:PATH; - packs one file from standard input", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> name = new("--name") { Description = "Name of the dataset (default: that of the source); of standard input also that of its file (default: stdin)", HelpName = "NAME" };
    private readonly Option<bool> wrap = new("--wrap") { Description = "Put a single file in a folder" };
    private readonly Option<bool> noHidden = new("--no-hidden") { Description = "Leave out files and folders whose names begin with a dot" };
    private readonly Option<bool> noEmpty = new("--no-empty-dirs") { Description = "Leave out empty folders" };
    private readonly Option<bool> noLinks = new("--no-symlinks") { Description = "Leave out symlinks" };
    private readonly Option<string?> previous = new("--previous") { Description = "Folder of an earlier version of the dataset: what is unchanged since is not packed again, the new root links to the blocks in its pieces", HelpName = "OLD_OUT" };
    private readonly Option<bool> checksum = new("--checksum") { Description = "With --previous: read all files to tell which are unchanged, instead of by size, time and inode" };
    private readonly Option<bool> inline = new("--inline") { Description = "Store no CARs of data pieces, but what they can be made from together with the sources, which have to stay as they are; materialize makes them" };
    private readonly Option<bool> sha256 = new("--sha256") { Description = "Record the SHA-256 of each CAR, for checksums of downloads; each is read once more for it" };
    private readonly CutOptionSet cut = new();
    private readonly SelectionOptions selection = new();
    private readonly DagOptions dag = new();
    private readonly HashSet<Option> mine = [];

    public void AddTo(Command command)
    {
        command.Add(sources);
        int before = command.Options.Count;
        foreach (var option in (Option[])[name, wrap, noHidden, noEmpty, noLinks, previous, checksum, inline, sha256])
            command.Add(option);
        cut.AddTo(command);
        selection.AddTo(command);
        dag.AddTo(command);
        remote.AddListTo(command);
        mine.UnionWith(command.Options.Skip(before));
    }

    /// <summary>Refuses all of them, where a plan has decided.</summary>
    /// <exception cref="UsageException">One is given.</exception>
    public void RefuseBesidePlan(ParseResult parsed)
    {
        if (parsed.GetValue(sources) is { Length: > 0 } named)
            throw new UsageException($"SOURCE '{named[0]}': the sources stand in the plan");
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(result => !result.Implicit && mine.Contains(result.Option)) is { } given)
            throw new UsageException($"{given.Option.Name} does not go with --plan: what decides the output stands in the plan");
    }

    /// <param name="allowInput">Whether standard input can be the source.</param>
    /// <returns>With the remote source, if there is one, for the caller to dispose.</returns>
    /// <exception cref="UsageException">They make no sense.</exception>
    public PackOptions Apply(ParseResult parsed, PackOptions options, Terminal terminal, bool allowInput)
    {
        bool isInput = StreamInput.IsNamed(parsed, sources, parsed.GetValue(name));
        if (isInput && !allowInput)
            throw new UsageException("- cannot be planned: the length of what comes on standard input is not known before its end");
        var input = isInput ? StreamInput.Open() : null;
        string[] paths = isInput || remote.IsList(parsed, sources) ? [] : selection.Sources(parsed, sources);
        remote.RefuseUnfit(parsed, paths);
        options = cut.Apply(parsed, options) with
        {
            Sources = paths,
            Input = input is null ? null : () => input,
            Name = parsed.GetValue(name),
            Profile = dag.Profile(parsed),
            Scan = new(!parsed.GetValue(noHidden), !parsed.GetValue(noEmpty), !parsed.GetValue(noLinks), parsed.GetValue(wrap), selection.Selection(parsed, paths, terminal)),
            Previous = parsed.GetValue(previous) is "" ? throw new UsageException("--previous: the name of the folder is empty") : parsed.GetValue(previous),
            Checksum = parsed.GetValue(checksum),
            Inline = parsed.GetValue(inline),
            Sha256 = parsed.GetValue(sha256),
        };
        return remote.Source(parsed, paths, s3, terminal) is { } source ? options with { Sources = [], Remote = source } : options;
    }
}
