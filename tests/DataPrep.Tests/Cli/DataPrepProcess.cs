using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>What a finished process left: exit code and both outputs.</summary>
internal sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines of <c>--json</c>: each an object whose first property is <c>type</c>.</summary>
    public List<JsonElement> Events()
    {
        var events = Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(events, e => Assert.Equal("type", e.EnumerateObject().First().Name));
        return events;
    }

    public JsonElement Event(string type) => Assert.Single(Events(), e => e.GetProperty("type").GetString() == type);

    /// <summary>Checks the exit code, and that nothing looks like a crash.</summary>
    public ProcessResult Expect(int exitCode, params string[] inError)
    {
        string all = $"exit {ExitCode}\n{Output}\n{Error}";
        Assert.True(exitCode == ExitCode, $"expected exit {exitCode}: {all}");
        Assert.False(all.Contains("Unhandled", StringComparison.Ordinal) || all.Contains("\n   at ", StringComparison.Ordinal), all);
        Assert.DoesNotContain('\x1b', all);
        Assert.All(inError, text => Assert.Contains(text, Error, StringComparison.Ordinal));
        return this;
    }
}

/// <summary>Runs the real executable, as its users do.</summary>
internal static partial class DataPrepProcess
{
    public const int SIGINT = 2, SIGTERM = 15;

    /// <summary>The executable beside the sources that this test was built from.</summary>
    public static string Executable { get; } = Find();

    public static ProcessResult Run(params string[] arguments) => Start(Executable, arguments).Finish();

    public static Running Start(params string[] arguments) => Start(Executable, arguments);

    /// <summary>Runs a shell script in which <c>$D</c> is the executable and <c>$1</c> and on are the arguments.</summary>
    public static ProcessResult Shell(string script, params string[] arguments) => Start("/bin/bash", ["-c", script, "bash", .. arguments]).Finish();

    /// <summary>Runs the executable below a tool such as strace; skips the test where the tool is missing.</summary>
    public static ProcessResult Under(string tool, string[] toolArguments, params string[] arguments)
    {
        try
        {
            return Start(tool, [.. toolArguments, Executable, .. arguments]).Finish();
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{tool} is not installed.");
            throw;
        }
    }

    public static Running Start(string program, string[] arguments, byte[]? input = null, Action<IDictionary<string, string?>>? environment = null)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["D"] = Executable;
        environment?.Invoke(info.Environment);
        return new Running(Process.Start(info)!, input);
    }

    public static ProcessResult RunWithInput(byte[] input, params string[] arguments) => Start(Executable, arguments, input).Finish();

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Join(folder.FullName, "DataPrep.sln")))
                continue;
            string configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
            return Path.Join(folder.FullName, "src/DataPrep.Cli/bin", configuration, "net10.0/dataprep");
        }

        throw new DirectoryNotFoundException("No folder above the tests holds DataPrep.sln.");
    }

    /// <summary>A process on its way.</summary>
    internal sealed class Running
    {
        private readonly Process process;
        private readonly Task<string> output;
        private readonly Task<string> error;

        public Running(Process process, byte[]? input)
        {
            this.process = process;
            output = process.StandardOutput.ReadToEndAsync();
            error = process.StandardError.ReadToEndAsync();
            if (input is not null)
                process.StandardInput.BaseStream.Write(input);
            if (input is not null || process.StartInfo.FileName != Executable || !process.StartInfo.ArgumentList.Contains("-"))
                process.StandardInput.Close();
        }

        public void Signal(int signal) => Assert.Equal(0, kill(process.Id, signal));

        public bool HasExited => process.HasExited;

        public ProcessResult Finish(int seconds = 60)
        {
            using (process)
            {
                if (!process.WaitForExit(TimeSpan.FromSeconds(seconds)))
                {
                    process.Kill(entireProcessTree: true);
                    Assert.Fail($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end in {seconds} s");
                }

                return new ProcessResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
            }
        }
    }
}
