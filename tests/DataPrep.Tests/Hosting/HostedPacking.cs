using System.Collections.Concurrent;
using DataPrep.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace DataPrep.Tests.Hosting;

/// <summary>A host that packs in the background, as an embedder has it.</summary>
internal sealed class HostedPacking : IAsyncDisposable
{
    private readonly IHost host;

    private HostedPacking(IHost host, Events events) => (this.host, Log) = (host, events);

    public PackQueue Queue => host.Services.GetRequiredService<PackQueue>();

    /// <summary>What was logged.</summary>
    public Events Log { get; }

    public static async Task<HostedPacking> Start(Action<DataPrepOptions> configure)
    {
        var events = new Events();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(events);
        builder.Services.AddDataPrep(configure);
        var packing = new HostedPacking(builder.Build(), events);
        await packing.host.StartAsync(TestContext.Current.CancellationToken);
        return packing;
    }

    public Task Stop() => host.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>Waits for what is to come.</summary>
    public static async Task Until(Func<bool> isSo, int seconds = 30)
    {
        for (long begun = Environment.TickCount64; !isSo(); await Task.Delay(10, TestContext.Current.CancellationToken))
            Assert.True(Environment.TickCount64 - begun < seconds * 1000, $"not so in {seconds} s");
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
    }
}

/// <summary>Keeps the events of all loggers.</summary>
internal sealed class Events : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(EventId Id, LogLevel Level, string Text)> all = [];

    public IReadOnlyList<(EventId Id, LogLevel Level, string Text)> All => [.. all];

    public IEnumerable<string?> Names => all.Select(each => each.Id.Name);

    public int Count(string name) => Names.Count(each => each == name);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        all.Enqueue((eventId, logLevel, formatter(state, exception)));

    public void Dispose()
    {
    }
}
