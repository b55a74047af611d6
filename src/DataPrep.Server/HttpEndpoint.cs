using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataPrep.Server;

/// <summary>Listens for HTTP at an address, with nothing of a web server but what answers.</summary>
internal sealed class HttpEndpoint : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly IPEndPoint endpoint;

    /// <param name="endpoint">Address and port; port 0 takes a free one.</param>
    public HttpEndpoint(IPEndPoint endpoint, int maxConnections, RequestDelegate answer)
    {
        this.endpoint = endpoint;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(endpoint);
            kestrel.Limits.MaxConcurrentConnections = maxConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        });
        app = builder.Build();
        app.Run(answer);
    }

    /// <summary>Serves metrics at <c>/metrics</c>, and nothing else.</summary>
    public static HttpEndpoint OfMetrics(IPEndPoint endpoint, PrometheusText text) => new(endpoint, 64, context =>
        context.Request.Path.Value != "/metrics" ? PieceServer.Say(context, HttpStatusCode.NotFound, "metrics are at /metrics")
        : !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) ? PieceServer.Say(context, HttpStatusCode.MethodNotAllowed, "only GET and HEAD")
        : PieceServer.Say(context, HttpStatusCode.OK, text.ToString(), PrometheusText.ContentType));

    /// <summary>Begins to listen.</summary>
    /// <returns>The address, with the port that was taken.</returns>
    /// <exception cref="IOException">The address is in use, or not this machine's.</exception>
    public async Task<string> Start()
    {
        try
        {
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen at {endpoint}: {e.Message}", e);
        }

        return app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    /// <summary>Ends requests at work.</summary>
    public async Task Stop()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(limit.Token).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
