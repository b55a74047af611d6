using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class DoctorTests : IDisposable
{
    private static readonly string[] Words = ["ok", "note", "warning", "problem"];
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AFitMachineHasNoProblem()
    {
        var result = DataPrepProcess.Run("doctor", scratch.Root, "--json").Expect(0);
        var checks = result.Events().Where(e => e.GetProperty("type").GetString() == "check").ToList();
        string[] names = [.. checks.Select(check => check.GetProperty("name").GetString()!)];
        Assert.All((string[])["system", "processor", "CPUs", "memory", "kernel", "open files", "temp folder", "OpenSSL", "certificates", "folder", "clock", "time service"], name => Assert.Contains(name, names));
        Assert.All(checks, check => Assert.Contains(check.GetProperty("status").GetString(), Words));
        var summary = result.Event("summary");
        Assert.Equal(0, summary.GetProperty("problems").GetInt32());
        Assert.Equal(checks.Count, summary.GetProperty("ok").GetInt32() + summary.GetProperty("notes").GetInt32() + summary.GetProperty("warnings").GetInt32());
        // What was made for the trial is gone
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Root));
    }

    [Fact]
    public void WhatCannotBeWrittenToIsSaid()
    {
        _ = DataPrepProcess.Run("doctor", "/proc").Expect(0);
        Assert.Contains("warning  folder         /proc: cannot be written to", DataPrepProcess.Run("doctor", "/proc").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatIsNotThereIsAProblem()
    {
        string missing = scratch.At("missing"), file = scratch.File("file", "x");
        string output = DataPrepProcess.Run("doctor", missing, file).Expect(4).Output;
        Assert.Contains($"problem  folder         {missing}: is not there", output, StringComparison.Ordinal);
        Assert.Contains($"problem  folder         {file}: is a file", output, StringComparison.Ordinal);
        Assert.Contains("2 problems", output, StringComparison.Ordinal);
    }

    [Fact]
    public void FewOpenFilesAreAProblemAndAForcedKernelAWarning()
    {
        var result = DataPrepProcess.Shell("ulimit -n 200; DATAPREP_SHA256=portable TMPDIR=/nowhere SSL_CERT_FILE=/nowhere \"$D\" doctor").Expect(4);
        Assert.Contains("problem  open files     200 at once", result.Output, StringComparison.Ordinal);
        Assert.Contains("warning  kernel         portable, asked for by DATAPREP_SHA256", result.Output, StringComparison.Ordinal);
        Assert.Contains("warning  temp folder    /nowhere", result.Output, StringComparison.Ordinal);
        Assert.Contains("warning  certificates   SSL_CERT_FILE or SSL_CERT_DIR names what is not there: /nowhere", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongUsageIsThat() => DataPrepProcess.Run("doctor", "--nonsense").Expect(2, "--nonsense");
}
