using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Server;

/// <summary>Inline pieces that are open: those asked for last, since to open one its tree sidecar is read.</summary>
/// <param name="source">Where the sources are; null for where they were.</param>
internal sealed class InlinePieces(string? source) : IDisposable
{
    private const int Most = 16;

    // The one asked for last is at the end.
    private readonly List<InlinePiece> open = [];

    /// <summary>Opens a piece, which the caller disposes of.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="MalformedDataException">It is damaged, or not the piece that is asked for.</exception>
    public InlinePiece Open(ServedPiece wanted)
    {
        lock (open)
        {
            var piece = open.Find(known => known.Path == wanted.Inline);
            if (piece is null)
            {
                piece = new InlinePiece(wanted.Inline!, source);
                if (piece.Length != wanted.Size || Path.GetFileNameWithoutExtension(wanted.Inline) != wanted.PieceCid)
                {
                    piece.Dispose();
                    throw new MalformedDataException($"The inline piece is not that of {wanted.PieceCid} with {wanted.Size} bytes", 0, wanted.Inline);
                }
            }

            _ = open.Remove(piece);
            open.Add(piece);
            if (open.Count > Most)
            {
                open[0].Dispose();
                open.RemoveAt(0);
            }

            piece.Hold();
            return piece;
        }
    }

    /// <summary>Closes a piece that failed: the next request may find it in order.</summary>
    public void Forget(InlinePiece piece)
    {
        lock (open)
        {
            if (open.Remove(piece))
                piece.Dispose();
        }
    }

    public void Dispose()
    {
        lock (open)
        {
            open.ForEach(piece => piece.Dispose());
            open.Clear();
        }
    }
}
