using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using DataPrep.Benchmarks;

if (args is ["plan", _, _, _])
{
    PlanMemory.Run(args.AsSpan(1));
    return;
}

IConfig config = DefaultConfig.Instance
    .AddColumn(new ThroughputColumn())
    // What is built first is this solution, which may take longer than the two minutes that are usual.
    .WithBuildTimeout(TimeSpan.FromMinutes(15))
    .WithArtifactsPath(Path.Join("artifacts", "benchmarks"));
_ = BenchmarkSwitcher.FromAssembly(typeof(ThroughputColumn).Assembly).Run(args, config);
