namespace DataPrep.Source;

/// <summary>
/// A pattern with wildcards, compiled. Of several <c>*</c> before a mismatch only the last is tried again, and of several
/// <c>**</c> too: the earlier ones have taken the least that they can, so that what they could take more, the last can.
/// Thus no pattern takes more than about the product of its length and that of the path.
/// </summary>
internal sealed class Glob
{
    private readonly Token[] tokens;

    private Glob(Token[] tokens) => this.tokens = tokens;

    private enum Kind : byte
    {
        Byte,

        /// <summary><c>?</c>: one byte, but no slash.</summary>
        Any,

        Class,

        /// <summary><c>*</c>: bytes up to the next slash.</summary>
        Star,

        /// <summary><c>**/</c>: nothing, or anything up to and with a slash.</summary>
        Folders,

        /// <summary><c>**\/</c>: anything up to and with a slash. That an escaped slash makes a difference is git's doing.</summary>
        SomeFolders,

        /// <summary><c>**</c> at the end: all that is left.</summary>
        Rest,
    }

    private readonly record struct Token(Kind Kind, byte Value = 0, ByteClass? Class = null);

    /// <summary>Compiles a pattern; null, and why, where it cannot match anything.</summary>
    /// <param name="isPath">Whether it is held against a path; else against a name, in which <c>**</c> is <c>*</c>.</param>
    /// <param name="literal">Length of its beginning without wildcards. Git cuts that off, so that two asterisks behind it stand at a beginning.</param>
    public static Glob? Compile(ReadOnlySpan<byte> pattern, bool isPath, int literal, out string problem)
    {
        problem = "";
        var tokens = new List<Token>(pattern.Length);
        for (int p = 0; p < pattern.Length;)
        {
            switch (pattern[p])
            {
                case (byte)'\\' when p + 1 == pattern.Length:
                    problem = "there is nothing behind its last backslash";
                    return null;
                case (byte)'\\':
                    tokens.Add(new Token(Kind.Byte, pattern[p + 1]));
                    p += 2;
                    break;
                case (byte)'?':
                    tokens.Add(new Token(Kind.Any));
                    p++;
                    break;
                case (byte)'[':
                    if (ByteClass.Parse(pattern, ref p) is not { } set)
                    {
                        problem = "a '[' in it is not closed, or names an unknown class";
                        return null;
                    }

                    tokens.Add(new Token(Kind.Class, 0, set));
                    break;
                case (byte)'*':
                    tokens.Add(new Token(TakeStars(pattern, ref p, isPath, literal)));
                    break;
                default:
                    tokens.Add(new Token(Kind.Byte, pattern[p++]));
                    break;
            }
        }

        return new Glob([.. tokens]);
    }

    public bool Matches(ReadOnlySpan<byte> text) => Run(text, false);

    /// <summary>Whether a longer text that begins with this one could match. The text ends with a slash.</summary>
    public bool MatchesBeyond(ReadOnlySpan<byte> text) => Run(text, true);

    private static Kind TakeStars(ReadOnlySpan<byte> pattern, ref int p, bool isPath, int literal)
    {
        int start = p;
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        if (!isPath || p == start + 1 || (start != literal && pattern[start - 1] != '/'))
            return Kind.Star;
        var rest = pattern[p..];
        if (rest.IsEmpty)
            return Kind.Rest;
        int slash = rest[0] == '\\' ? 1 : 0;
        if (rest.Length == slash || rest[slash] != '/')
            return Kind.Star;
        p += slash + 1;
        return slash == 0 ? Kind.Folders : Kind.SomeFolders;
    }

    private bool Run(ReadOnlySpan<byte> text, bool beyond)
    {
        // Where to go on after a mismatch: behind the last star with the text that it has not yet taken, or behind the
        // last ** likewise; -1 where there is none.
        int star = -1, starText = 0, folders = -1, foldersText = 0;
        int p = 0, t = 0;
        while (t < text.Length)
        {
            bool isMatch = false;
            if (p < tokens.Length)
            {
                ref readonly var token = ref tokens[p];
                switch (token.Kind)
                {
                    case Kind.Rest:
                        return true;
                    case Kind.Star:
                        (star, starText) = (++p, t);
                        continue;
                    case Kind.Folders or Kind.SomeFolders when beyond:
                        return true;
                    case Kind.Folders:
                        (star, folders, foldersText) = (-1, ++p, t);
                        continue;
                    case Kind.SomeFolders:
                        (star, folders, foldersText) = (-1, p + 1, t);
                        break; // goes on behind the next slash, as after a mismatch
                    default:
                        isMatch = token.Kind switch
                        {
                            Kind.Byte => token.Value == text[t],
                            Kind.Any => text[t] != '/',
                            _ => token.Class!.Holds(text[t]),
                        };
                        break;
                }
            }

            if (isMatch)
            {
                p++;
                t++;
            }
            else if (star >= 0 && text[starText] != '/')
            {
                (p, t) = (star, ++starText);
            }
            else if (folders >= 0 && text[foldersText..].IndexOf((byte)'/') is >= 0 and var slash)
            {
                foldersText += slash + 1;
                (p, t, star) = (folders, foldersText, -1);
            }
            else
            {
                return false;
            }
        }

        if (beyond)
            return p < tokens.Length;
        while (p < tokens.Length && tokens[p].Kind is Kind.Star or Kind.Folders or Kind.Rest)
            p++;
        return p == tokens.Length;
    }
}
