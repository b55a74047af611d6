using DataPrep.Packing;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>plan, pack --plan and finish, as schedulers and their users run them.</summary>
public sealed class ArrayCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public ArrayCommandTests()
    {
        _ = scratch.Noise("src/big", 5 << 20);
        _ = scratch.Noise("src/small", 100);
        DataPrepProcess.Run("plan", Source, "-o", Plan, "--piece-size", "1MiB", "--chunk-size", "64KiB").Expect(0);
    }

    private string Source => scratch.At("src");

    private string Plan => scratch.At("p.plan");

    private string Out => scratch.At("out");

    public void Dispose() => scratch.Dispose();

    private static ProcessResult Task(string variable, string value, params string[] arguments) =>
        DataPrepProcess.Start(DataPrepProcess.Executable, arguments, environment: environment =>
        {
            foreach (string name in (string[])["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"])
                _ = environment.Remove(name);
            environment[variable] = value;
        }).Finish();

    private string[] Auto(params string[] more) => ["pack", "--plan", Plan, "--piece", "auto", "-o", Out, .. more];

    [Fact]
    public void SchedulersNumberTheTasksAndFinishSaysWhatIsMissing()
    {
        Assert.Contains("piece 0", Task("SLURM_ARRAY_TASK_ID", "0", Auto()).Expect(0).Output, StringComparison.Ordinal);
        var made = Task("JOB_COMPLETION_INDEX", "1", Auto("--json")).Expect(0).Event("task");
        Assert.Equal((1, false, 0), (made.GetProperty("number").GetInt32(), made.GetProperty("alreadyDone").GetBoolean(), made.GetProperty("changes").GetInt32()));
        Task("AWS_BATCH_JOB_ARRAY_INDEX", "1", Auto("--piece-offset", "3")).Expect(0);

        Assert.Equal("--array=2-3,5\n", DataPrepProcess.Run("finish", Plan, "-o", Out, "--missing").Expect(0).Output);
        var unfinished = DataPrepProcess.Run("finish", Plan, "-o", Out, "--max-array", "3").Expect(1, "3 of 6 pieces are missing", Out);
        Assert.Equal(["--array=2", "--array=0,2 --piece-offset 3"], unfinished.Lines);
        var missing = DataPrepProcess.Run("finish", Plan, "-o", Out, "--missing", "--json").Expect(0).Event("missing");
        Assert.Equal((3, "2-3,5", 0), (missing.GetProperty("count").GetInt32(), missing.GetProperty("array").GetString(), missing.GetProperty("offset").GetInt32()));

        var status = DataPrepProcess.Run("status", Out, "--json").Expect(0).Event("status");
        Assert.Equal(("interrupted", 3, 7), (status.GetProperty("state").GetString(), status.GetProperty("piecesFinished").GetInt32(), status.GetProperty("pieces").GetInt32()));
        Assert.Equal(Plan, status.GetProperty("plan").GetString());
        DataPrepProcess.Run("status", Out).Expect(0, "finish");

        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "2-3,5", "-o", Out).Expect(0);
        DataPrepProcess.Run("finish", Plan, "-o", Out).Expect(0);
        DataPrepProcess.Run("pack", Source, "-o", scratch.At("ref"), "--piece-size", "1MiB", "--chunk-size", "64KiB").Expect(0);
        DataPrepProcess.Shell("diff -rq -x .dataprep \"$1\" \"$2\"", scratch.At("ref"), Out).Expect(0);
        DataPrepProcess.Run("finish", Plan, "-o", Out, "--missing").Expect(0);
        Assert.Contains("finished dataset", DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0", "-o", Out).Expect(0).Output, StringComparison.Ordinal);
        DataPrepProcess.Run("plan", Source, "-o", scratch.At("other.plan")).Expect(0);
        DataPrepProcess.Run("pack", "--plan", scratch.At("other.plan"), "--piece", "0", "-o", Out).Expect(1, "another dataset");
        DataPrepProcess.Run("verify", Out).Expect(0);
    }

    [Fact]
    public void ATaskThatIsTerminatedIsGoneOnWithByAnother()
    {
        var slow = DataPrepProcess.Start("pack", "--plan", Plan, "--piece", "1", "-o", Out, "--max-rate", "100KiB", "--threads", "1", "--checkpoint", "0");
        string task = Path.Join(Out, ".dataprep/tasks/1/journal");
        for (int i = 0; i < 1000 && !File.Exists(task); i++)
            Thread.Sleep(10);
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "1", "-o", Out).Expect(75, "another task is making piece 1");
        DataPrepProcess.Run("clean", Out).Expect(1, "a task is making piece 1");
        slow.Signal(DataPrepProcess.SIGTERM);
        slow.Finish().Expect(75, "stopped by SIGTERM", "goes on with piece 1");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0-5", "-o", Out).Expect(0);
        DataPrepProcess.Run("finish", Plan, "-o", Out).Expect(0);
        DataPrepProcess.Run("verify", Out, "--source", Source).Expect(0);
    }

    [Fact]
    public void CleanTakesAwayWhatTasksHaveMade()
    {
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0-2", "-o", Out).Expect(0);
        Assert.Equal(6, Directory.GetFiles(Out).Length);
        DataPrepProcess.Run("clean", Out).Expect(0);
        Assert.Empty(Directory.GetFiles(Out));
        DataPrepProcess.Run("status", Out).Expect(1, "holds neither");
        DataPrepProcess.Run("pack", Source, "-o", Out).Expect(0);
    }

    [Fact]
    public void WrongUsageIsSaid()
    {
        Task("HOME", "/", Auto()).Expect(2, "SLURM_ARRAY_TASK_ID", "no task of an array");
        Task("SLURM_ARRAY_TASK_ID", "x", Auto()).Expect(2, "SLURM_ARRAY_TASK_ID is 'x'");
        DataPrepProcess.Run("pack", "--plan", Plan, "-o", Out).Expect(2, "go together");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "6", "-o", Out).Expect(2, "0 to 5");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "3-1", "-o", Out).Expect(2, "'3-1'");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0", "--piece-offset", "3", "-o", Out).Expect(2, "--piece auto");
        DataPrepProcess.Run("pack", Source, "--plan", Plan, "--piece", "0", "-o", Out).Expect(2, "stand in the plan");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0", "-o", Out, "--chunk-size", "1MiB").Expect(2, "--chunk-size does not go with --plan");
        DataPrepProcess.Run("pack", "--plan", Plan, "--piece", "0", "-o", Out, "--restart").Expect(2, "--restart");
        DataPrepProcess.Run("plan", Source).Expect(2, "-o PLAN");
        DataPrepProcess.Run("plan", "-", "-o", Plan).Expect(2, "cannot be planned");
        DataPrepProcess.Run("finish", Path.Join(Source, "big"), "-o", Out).Expect(1, "no plan", "offset 0");
        DataPrepProcess.Run("pack", "--plan", scratch.At("none"), "--piece", "0", "-o", Out).Expect(1, "none");
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void NumbersAreWrittenAndReadAsSchedulersDo()
    {
        Assert.Equal("0-2,5,7-8", ArraySpec.Format([0, 1, 2, 5, 7, 8]));
        Assert.Equal("", ArraySpec.Format([]));
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            int[] numbers = [.. Enumerable.Range(0, 60).Where(_ => random.Next(3) > 0)];
            int most = random.Next(1, 70);
            var parts = ArraySpec.Parts(numbers, most).ToList();
            Assert.Equal(numbers, parts.SelectMany(part => ArraySpec.TryParse(part.Array, out var read) ? read.Select(number => number + part.Offset) : []));
            Assert.All(parts, part => Assert.True(ArraySpec.TryParse(part.Array, out var read) && read[^1] < most));
        }

        foreach (string wrong in (string[])["", ",", "1,", "-1", "1-", "2-1", "a", "1-2-3", " 1", "99999999999"])
            Assert.False(ArraySpec.TryParse(wrong, out _), wrong);
    }
}
