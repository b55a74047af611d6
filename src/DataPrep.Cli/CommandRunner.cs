using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using DataPrep.Cli.Settings;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>Runs a command: signals become cancellation, expected failures a message and an exit code.</summary>
internal static class CommandRunner
{
    private static readonly CancellationTokenSource Cancellation = new();
    private static int signalCode;
    private static CommandLine? line;

    public static CancellationToken Cancel => Cancellation.Token;

    public static int Run(RootCommand root, string[] args)
    {
        try
        {
            line = CommandLine.Parse(root, args);
        }
        catch (UsageException e)
        {
            Terminal.Message($"dataprep: {e.Message}");
            return ExitCode.Usage;
        }

        var parsed = line.Parsed;
        string[] errors = [.. line.Errors(), .. UnknownOptions(parsed)];
        if (errors.Length > 0)
        {
            foreach (string error in errors)
                Terminal.Message($"dataprep: {error}");
            string path = string.Join(' ', Names(parsed.CommandResult));
            Console.Error.WriteLine($"See: {path} --help");
            return ExitCode.Usage;
        }

        if (line.Settings.Count > 0 && parsed.GetValue<bool>("--verbose"))
        {
            foreach (var setting in line.Settings)
                Terminal.Message($"{setting.Option.Name} comes from {setting.Place}");
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, ExitCode.Cancelled));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, ExitCode.TryAgain));
        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>Runs a command's work and turns what can go wrong into a message and an exit code.</summary>
    public static int Guard(Terminal terminal, Func<int> work)
    {
        try
        {
            _ = Kernel();
            return work();
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine(signalCode == ExitCode.TryAgain ? "dataprep: stopped by SIGTERM; run the same command again" : "dataprep: cancelled");
            return signalCode == 0 ? ExitCode.Cancelled : signalCode;
        }
        catch (Exception e) when (e is UsageException or SourceException { IsUsage: true })
        {
            return Fail(terminal, e, ExitCode.Usage);
        }
        catch (PassingFaultException e)
        {
            return Fail(terminal, e, ExitCode.TryAgain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException)
        {
            return Fail(terminal, e, ExitCode.Failed);
        }
    }

    /// <summary>The parser takes an unknown option for a file name where a command has a list of files.</summary>
    private static IEnumerable<string> UnknownOptions(ParseResult parsed)
    {
        var literal = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).ToHashSet(ReferenceEqualityComparer.Instance);
        return parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .Where(token => token.Value is ['-', _, ..] && !literal.Contains(token))
            .Select(token => $"'{token.Value}' is no option here; a file of that name is written ./{token.Value}");
    }

    private static Sha256Kernel Kernel()
    {
        try
        {
            return Sha256Kernels.Current;
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static int Fail(Terminal terminal, Exception e, int code)
    {
        Terminal.Message($"dataprep: {e.Message}");
        if (code == ExitCode.Usage)
        {
            foreach (string place in line?.PlacesOf(e.Message) ?? [])
                Terminal.Message($"dataprep: {place}");
        }

        try
        {
            terminal.Event("error", writer =>
            {
                writer.WriteString("message", e.Message);
                writer.WriteNumber("exitCode", code);
            });
        }
        catch (IOException)
        {
            // Standard output is what failed; the message stands on standard error.
        }

        return code;
    }

    private static void OnSignal(PosixSignalContext context, int code)
    {
        // The second time the default action ends the process at once.
        if (Cancellation.IsCancellationRequested)
            return;
        context.Cancel = true;
        signalCode = code;
        Cancellation.Cancel();
    }

    private static IEnumerable<string> Names(CommandResult command) =>
        command.Parent is CommandResult parent ? Names(parent).Append(command.Command.Name) : ["dataprep"];
}
