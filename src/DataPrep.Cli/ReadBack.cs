using System.CommandLine;
using DataPrep.Car;
using DataPrep.Extraction;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary>What the commands that read datasets back have in common: which arguments are datasets and CARs, and which are paths in them.</summary>
internal static class ReadBack
{
    /// <summary>Datasets or CARs, and behind them paths.</summary>
    public static Argument<string[]> Arguments(string name) => new(name)
    {
        Description = "A packed dataset or CAR files, and behind them paths in it, or patterns: 'docs', '*.csv', '**/*.nc'",
        Arity = ArgumentArity.OneOrMore,
    };

    public static (string[] Targets, string[] Paths) Split(string[] arguments)
    {
        int targets = 1 + arguments.Skip(1).TakeWhile(IsTarget).Count();
        return (arguments[..targets], arguments[targets..]);
    }

    /// <exception cref="UsageException">A path can be none of a dataset.</exception>
    public static PathSelection Select(params string[] paths)
    {
        try
        {
            return new PathSelection(paths);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    public static DagSource Open(string[] targets, string[] previous, Action<Exception>? onFault = null, string? source = null)
    {
        if (targets.FirstOrDefault(target => !Directory.Exists(target) && !File.Exists(target)) is { } missing)
            throw new FileNotFoundException($"{missing}: no such file or folder");
        return DagSource.Open(targets, previous, onFault, source);
    }

    public static void Report(Finding finding, Terminal terminal)
    {
        terminal.Event("finding", writer =>
        {
            writer.WriteString("severity", finding.Severity);
            writer.WriteString("code", finding.Code);
            writer.WriteString("path", finding.Path);
            if (finding.Offset >= 0)
                writer.WriteNumber("offset", finding.Offset);
            else
                writer.WriteNull("offset");
            writer.WriteString("message", finding.Message);
            if (finding.Provider is { } provider)
                writer.WriteString("provider", provider);
        });
        string place = finding.Offset >= 0 ? $"{finding.Path} at offset {finding.Offset}" : finding.Path;
        if (finding.Provider is { } who)
            place = $"{who}: {place}";
        terminal.Result($"{finding.Severity}: {place}: {finding.Message} [{finding.Code}]");
    }

    // What comes behind the first may be the name of something here as well as a path in the dataset.
    private static bool IsTarget(string argument) =>
        (Path.GetExtension(argument) is ".car" or CarBytes.InlineExtension && File.Exists(argument)) || File.Exists(Path.Join(argument, RecordFile.Dataset));
}
