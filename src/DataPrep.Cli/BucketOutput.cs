using System.CommandLine;
using DataPrep.Packing;
using DataPrep.S3;

namespace DataPrep.Cli;

/// <summary>The place in a bucket that pieces go to.</summary>
internal sealed class BucketOutput : IDisposable
{
    private readonly S3Client client;
    private readonly S3Target target;
    private readonly S3Place place;
    private readonly string work;

    private BucketOutput(S3Client client, S3Target target, S3Place place, string work) => (this.client, this.target, this.place, this.work) = (client, target, place, work);

    /// <summary>The place that <c>-o</c> names; null where that is a folder.</summary>
    /// <param name="sources">As a plan names them.</param>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static BucketOutput? Of(ParseResult parsed, S3OptionSet s3, string output, IReadOnlyList<string> sources, Terminal terminal)
    {
        if (!S3Place.Is(output))
        {
            return parsed.GetValue(s3.Work) is null ? null
                : throw new UsageException("--work goes with -o s3://...: in a folder, work is kept beside the pieces");
        }

        var place = S3Place.Parse(output);
        S3Source.RefuseWithin(sources, place);
        var options = s3.Options(parsed);
        var client = new S3Client(options);
        try
        {
            var target = new S3Target(client.Bucket(place.Bucket, CommandRunner.Cancel, terminal.Warn), place, client.Server, options, CommandRunner.Cancel);
            return new BucketOutput(client, target, place, s3.WorkFolder(parsed, place, client.Server));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>The options of a run whose pieces go there.</summary>
    public PackOptions Apply(PackOptions options) => options with { Output = work, Target = target };

    public void Say(PackOptions options, Terminal terminal) =>
        terminal.Note($"pieces go to {place} on {client.Server}; plan, journal and records are kept in {options.Output}");

    public void Dispose()
    {
        target.Dispose();
        client.Dispose();
    }
}
