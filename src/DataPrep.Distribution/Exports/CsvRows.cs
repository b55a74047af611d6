using System.Text;
using CsvHelper;

namespace DataPrep.Distribution.Exports;

/// <summary>Rows of CSV, quoted as Go's encoding/csv does it, which the importing tools read with: only fields that need it.</summary>
internal sealed class CsvRows : IDisposable
{
    private readonly Stream stream;
    private readonly CsvWriterOptions options;
    private readonly CsvWriter csv;

    /// <param name="newLine">Behind each row.</param>
    public CsvRows(Stream stream, string newLine = "\n")
    {
        this.stream = stream;
        // Go, encoding/csv, fieldNeedsQuotes: also what begins with white space, and the end mark of PostgreSQL.
        options = CsvWriterOptions.Default with { NewLine = newLine, TrueValue = "true", FalseValue = "false", ShouldQuote = (field, _, _, _) => field is "\\." || (field.Length > 0 && char.IsWhiteSpace(field[0])) };
        csv = CsvWriter.Create(stream, options, leaveOpen: true);
    }

    public void Row(params ReadOnlySpan<object?> fields)
    {
        foreach (object? field in fields)
            csv.WriteField(field);
        csv.EndRecord();
    }

    /// <summary>A row whose last field is text of any length, which goes straight to the stream.</summary>
    /// <param name="content">Writes text in UTF-8 that has no line breaks.</param>
    public void RowWithText(ReadOnlySpan<object?> fields, Action<Stream> content)
    {
        csv.Flush();
        using var first = new MemoryStream();
        using (var rows = new CsvRows(first, options.NewLine))
            rows.Row(fields);
        stream.Write(first.GetBuffer().AsSpan(0, (int)first.Length - options.NewLine.Length));
        stream.Write(",\""u8);
        using (var quoted = new QuotedStream(stream))
            content(quoted);
        stream.Write(Encoding.ASCII.GetBytes('"' + options.NewLine));
    }

    public void Dispose() => csv.Dispose();

    /// <summary>Doubles quotes on their way.</summary>
    private sealed class QuotedStream(Stream below) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            for (int quote; (quote = buffer.IndexOf((byte)'"')) >= 0; buffer = buffer[(quote + 1)..])
            {
                below.Write(buffer[..(quote + 1)]);
                below.WriteByte((byte)'"');
            }

            below.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => below.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
