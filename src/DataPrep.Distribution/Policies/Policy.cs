using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataPrep.Distribution.Policies;

/// <summary>
/// The rules of a distribution (docs/distribution.md). What a policy does not name is not asked for, but five replicas of each piece, in different organisations.
/// Shares are in percent, sizes in padded bytes.
/// </summary>
/// <remarks>Properties can be set, since generated readers set those that can only be initialised to nothing where JSON does not name them.</remarks>
internal sealed record Policy
{
    /// <summary>Replicas of each piece, each with another provider.</summary>
    public int Replicas { get; set; } = 5;

    /// <summary>Whether an organisation may have only one replica of a piece.</summary>
    public bool OnePerOrganisation { get; set; } = true;

    /// <summary>In how many regions each piece has to be.</summary>
    public int MinRegionsPerPiece { get; set; }

    /// <summary>Least providers, regions and sites of the whole plan.</summary>
    public int MinProviders { get; set; }

    public int MinRegions { get; set; }

    public int MinSites { get; set; }

    /// <summary>Most of the bytes of all replicas that a provider may have.</summary>
    public decimal MaxProviderShare { get; set; } = 100;

    /// <summary>Null where there are none.</summary>
    public TranchePolicy? Tranches { get; set; }

    public StatusPolicy Status { get; set; } = new();
}

/// <summary>In which parts DataCap is granted.</summary>
internal sealed record TranchePolicy
{
    /// <summary>Part of the whole in each.</summary>
    public IReadOnlyList<decimal> Shares { get; set; } = [10, 15, 25, 50];

    /// <summary>No tranche is larger: a size as text. What is then left is granted in further ones of this size.</summary>
    public string Cap { get; set; } = "1PiB";

    /// <summary>The next one opens when more than this of the last is used.</summary>
    public decimal OpenAt { get; set; } = 75;
}

/// <summary>Thresholds of <c>distribution-status</c>; null where something is not checked.</summary>
internal sealed record StatusPolicy
{
    /// <summary>Most of a provider's bytes that are further deals for a piece that it has.</summary>
    public decimal MaxDuplication { get; set; }

    /// <summary>Most of the data that has fewer providers than <see cref="Policy.Replicas"/>.</summary>
    public decimal MaxBelowReplicas { get; set; }

    /// <summary>A number of providers, and most of the data that has fewer.</summary>
    public int? LowReplicas { get; set; }

    public decimal MaxBelowLowReplicas { get; set; }

    /// <summary>A number of providers, and most of the data that has more.</summary>
    public int? HighReplicas { get; set; }

    public decimal MaxAboveHighReplicas { get; set; }

    /// <summary>Most of the providers with deals that the plan does not name.</summary>
    public decimal MaxUndeclaredProviders { get; set; }

    /// <summary>Most of the pieces that another client has deals for.</summary>
    public decimal MaxSharedPieces { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(Policy))]
internal sealed partial class PolicyJson : JsonSerializerContext;
