using System.CommandLine;
using System.Runtime.InteropServices;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>Runs a command: signals become cancellation, expected failures a message and an exit code.</summary>
internal static class CommandRunner
{
    private static readonly CancellationTokenSource Cancellation = new();
    private static int signalCode;

    public static CancellationToken Cancel => Cancellation.Token;

    public static int Run(ParseResult parsed)
    {
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Console.Error.WriteLine($"dataprep: {error.Message}");
            string path = string.Join(' ', Names(parsed.CommandResult));
            Console.Error.WriteLine($"See: {path} --help");
            return ExitCode.Usage;
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException)
        {
            return Fail(terminal, e, ExitCode.Failed);
        }
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

    private static IEnumerable<string> Names(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult parent ? Names(parent).Append(command.Command.Name) : ["dataprep"];
}
