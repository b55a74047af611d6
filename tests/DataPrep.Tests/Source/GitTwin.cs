using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>What git itself says of paths and patterns: <c>git check-ignore</c> in a repository of its own.</summary>
internal static class GitTwin
{
    /// <summary>Makes a folder a repository; skips the test where git is missing.</summary>
    public static void Init(string folder)
    {
        try
        {
            _ = Run(folder, [], "init", "-q", "--template=");
        }
        catch (Win32Exception)
        {
            Assert.Skip("git is not installed.");
        }
    }

    /// <summary>For each path the line of the .gitignore that decides about it, 0 where there is none.</summary>
    public static List<int> DecidingLines(string folder, IEnumerable<byte[]> paths)
    {
        byte[] input = [.. paths.SelectMany(path => (byte[])[.. path, 0])];
        string[] fields = Encoding.Latin1.GetString(Run(folder, input, "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n")).Split('\0');
        var lines = new List<int>();
        for (int i = 0; i + 4 <= fields.Length; i += 4)
            lines.Add(fields[i + 1].Length == 0 ? 0 : int.Parse(fields[i + 1]));
        return lines;
    }

    private static byte[] Run(string folder, byte[] input, params string[] arguments)
    {
        var info = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        info.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        info.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        info.Environment["HOME"] = folder;
        using var git = Process.Start(info)!;
        using var output = new MemoryStream();
        var reading = Task.Run(() => git.StandardOutput.BaseStream.CopyTo(output));
        git.StandardInput.BaseStream.Write(input);
        git.StandardInput.Close();
        reading.Wait();
        git.WaitForExit();
        // 1: nothing of it is ignored
        Assert.True(git.ExitCode is 0 or 1, $"git {arguments[0]} ended with {git.ExitCode}");
        return output.ToArray();
    }
}
