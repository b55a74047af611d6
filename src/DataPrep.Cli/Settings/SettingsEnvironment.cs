using System.Collections;
using System.CommandLine;

namespace DataPrep.Cli.Settings;

/// <summary>Environment variables that stand for options: <c>DATAPREP_PACK_THREADS</c> and, for every command, <c>DATAPREP_THREADS</c>.</summary>
internal sealed class SettingsEnvironment
{
    private const string Prefix = "DATAPREP_";

    /// <summary>The variable that names a file of settings.</summary>
    public const string File = Prefix + "CONFIG";

    /// <summary>
    /// Names that mean something else, and are no option: the kernel that is asked for, the token of serve, what the commands of --on-piece get,
    /// and what the units and scripts of deploy/ take.
    /// </summary>
    public static readonly string[] Reserved =
    [
        File, "DATAPREP_SHA256", "DATAPREP_TOKEN",
        "DATAPREP_CAR_FILE", "DATAPREP_CAR_SIZE", "DATAPREP_KIND", "DATAPREP_PIECE_CID", "DATAPREP_PIECE_CID_V2", "DATAPREP_PIECE_SIZE", "DATAPREP_ROOT_CID", "DATAPREP_TREE_FILE",
        "DATAPREP_EVERY", "DATAPREP_MANIFEST", "DATAPREP_OPTIONS", "DATAPREP_OUT",
    ];

    private readonly Dictionary<string, string> variables = new(StringComparer.Ordinal);

    public SettingsEnvironment(IDictionary all)
    {
        foreach (DictionaryEntry variable in all)
        {
            // A variable that is empty is as good as none: a shell cannot unset one for a single command.
            if (variable is { Key: string name, Value: string { Length: > 0 } value } && name.StartsWith(Prefix, StringComparison.Ordinal))
                variables.Add(name, value);
        }
    }

    public bool IsEmpty => variables.Count == 0;

    /// <summary>The file of settings that is named; null where none is.</summary>
    public string? ConfigFile => variables.GetValueOrDefault(File);

    /// <summary>What is said of an option: for the command, else for the one it belongs to, else for all that have it.</summary>
    public Setting? Find(IReadOnlyList<string> command, Option option)
    {
        string? name = Enumerable.Range(0, command.Count + 1).Select(above => NameOf([.. command.SkipLast(above), Setting.NameOf(option)]))
            .FirstOrDefault(each => variables.ContainsKey(each) && !Reserved.Contains(each));
        return name is null ? null : new Setting(option, name, Values(variables[name], option));
    }

    private static string NameOf(string[] parts) => Prefix + string.Join('_', parts).Replace('-', '_').ToUpperInvariant();

    private static string[] Values(string text, Option option)
    {
        if (option.Arity.MaximumNumberOfValues > 1)
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType) != typeof(bool) ? [text] : [text switch { "1" => "true", "0" => "false", _ => text }];
    }
}
