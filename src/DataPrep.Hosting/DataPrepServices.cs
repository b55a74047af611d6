using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace DataPrep.Hosting;

/// <summary>Adds packing to the services of a host.</summary>
public static class DataPrepServices
{
    /// <summary>
    /// Adds <see cref="PackQueue"/>, and the services that pack what is enqueued and watch a folder. Options that make no sense keep the host from starting.
    /// </summary>
    /// <param name="configure">Sets options, after those of a configuration.</param>
    public static IServiceCollection AddDataPrep(this IServiceCollection services, Action<DataPrepOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<DataPrepOptions>().ValidateOnStart();
        if (configure is not null)
            _ = options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DataPrepOptions>, DataPrepOptionsCheck>());
        services.TryAddSingleton(provider => new PackQueue(provider.GetRequiredService<IOptions<DataPrepOptions>>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PackService>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, FolderWatch>());
        return services;
    }

    /// <summary>The same with options of a section of the configuration, such as <c>DataPrep</c>.</summary>
    /// <inheritdoc cref="AddDataPrep(IServiceCollection, Action{DataPrepOptions}?)"/>
    public static IServiceCollection AddDataPrep(this IServiceCollection services, IConfiguration configuration, Action<DataPrepOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        _ = services.AddOptions<DataPrepOptions>().Bind(configuration);
        return services.AddDataPrep(configure);
    }
}
