using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using DataPrep.Benchmarks;

IConfig config = DefaultConfig.Instance
    .AddColumn(new ThroughputColumn())
    .WithArtifactsPath(Path.Join("artifacts", "benchmarks"));
_ = BenchmarkSwitcher.FromAssembly(typeof(ThroughputColumn).Assembly).Run(args, config);
