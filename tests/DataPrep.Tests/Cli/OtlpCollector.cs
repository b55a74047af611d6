using System.Collections.Concurrent;
using System.Net;
using System.Text;
using DataPrep.Ipld;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>A collector that keeps what it is sent by OTLP over HTTP.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication app;

    private OtlpCollector(WebApplication app) => this.app = app;

    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public ConcurrentQueue<Post> Posts { get; } = [];

    /// <param name="hangs">Whether it takes everything and answers nothing.</param>
    public static async Task<OtlpCollector> Start(bool hangs = false)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var collector = new OtlpCollector(builder.Build());
        collector.app.Run(async context =>
        {
            if (hangs)
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            collector.Posts.Enqueue(new Post(context.Request.Method, context.Request.Path.Value!, context.Request.ContentType, body.ToArray()));
        });
        await collector.app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    /// <summary>The messages of a signal, one for each post.</summary>
    public IEnumerable<OtlpMessage> Of(string path) => Posts.Where(post => post.Path == path).Select(post => new OtlpMessage(post.Body));

    public ValueTask DisposeAsync() => app.DisposeAsync();

    internal sealed record Post(string Method, string Path, string? ContentType, byte[] Body);
}

/// <summary>A protobuf message, as far as fields that have a length go.</summary>
internal sealed record OtlpMessage(ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>The messages, or strings, that stand in a field of those in a field, and so on.</summary>
    public IEnumerable<OtlpMessage> At(params int[] fields) => fields.Length == 0 ? [this] : Field(fields[0]).SelectMany(each => each.At(fields[1..]));

    /// <summary>The value of an attribute, of those in a field.</summary>
    public string? Attribute(int field, string key) =>
        Field(field).FirstOrDefault(each => each.At(1).Single().Text == key)?.At(2, 1).SingleOrDefault()?.Text;

    private List<OtlpMessage> Field(int number)
    {
        var found = new List<OtlpMessage>();
        var reader = new ProtobufReader(Bytes, 0, "message");
        while (reader.MoveNext())
        {
            switch (reader.WireType)
            {
                case ProtobufReader.WireBytes:
                    var bytes = reader.ReadBytes();
                    if (reader.Field == number)
                        found.Add(new OtlpMessage(bytes));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return found;
    }
}
