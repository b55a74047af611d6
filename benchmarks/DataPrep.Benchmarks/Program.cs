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
    .WithArtifactsPath(Path.Join("artifacts", "benchmarks"));
_ = BenchmarkSwitcher.FromAssembly(typeof(ThroughputColumn).Assembly).Run(args, config);
