namespace DataPrep.Cli.Doctor;

internal enum CheckStatus
{
    Ok,

    /// <summary>Good to know; nothing has to be done.</summary>
    Note,

    /// <summary>It works, but worse than it could, or not all of it.</summary>
    Warning,

    /// <summary>Commands will fail, or their results cannot be trusted.</summary>
    Problem,
}

/// <summary>What was found out about one thing.</summary>
/// <param name="Name">Of the thing, in a word or two.</param>
/// <param name="Advice">What to do about it; null where there is nothing to do.</param>
internal sealed record Check(string Name, CheckStatus Status, string Message, string? Advice = null)
{
    public static Check Ok(string name, string message) => new(name, CheckStatus.Ok, message);

    public static Check Note(string name, string message, string? advice = null) => new(name, CheckStatus.Note, message, advice);

    public static Check Warning(string name, string message, string advice) => new(name, CheckStatus.Warning, message, advice);

    public static Check Problem(string name, string message, string advice) => new(name, CheckStatus.Problem, message, advice);
}
