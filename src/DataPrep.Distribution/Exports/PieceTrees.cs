namespace DataPrep.Distribution.Exports;

/// <summary>Formats that name the files and folders of each piece. The DAGs are read from the CARs, since parts of files and folders in a piece have CIDs of their own.</summary>
internal static class PieceTrees
{
    /// <summary>An object for each piece, as generate-car prints it.</summary>
    public static void GenerateCar(ExportInput input, ExportPiece piece, Stream stream)
    {
        var record = piece.Record;
        using var tree = new PieceTree(input, piece);
        using var json = new JsonText(stream);
        var writer = json.Writer;
        writer.WriteStartObject();
        writer.WritePropertyName("Ipld");
        WriteTree(tree, json);
        writer.WriteString("DataCid", record.RootCid);
        writer.WriteString("PieceCid", record.PieceCid);
        writer.WriteNumber("PieceSize", record.PieceSize);
        writer.WriteStartObject("CidMap");
        foreach (var entry in tree.Entries().Where(entry => !entry.Dag.IsMissing))
        {
            writer.WriteStartObject(JsonText.PathText(entry.Path));
            writer.WriteBoolean("IsDir", entry.Dag.IsFolder);
            writer.WriteString("Cid", entry.Dag.Cid.ToString());
            writer.WriteEndObject();
            json.Relieve();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>An object for each piece, as the manifests of Slingshot are.</summary>
    public static void Slingshot(ExportInput input, ExportPiece piece, Stream stream)
    {
        var record = piece.Record;
        using var tree = new PieceTree(input, piece);
        using var json = new JsonText(stream);
        var writer = json.Writer;
        writer.WriteStartObject();
        writer.WriteString("piece_cid", record.PieceCid);
        writer.WriteString("payload_cid", record.RootCid);
        writer.WriteNumber("raw_car_file_size", record.CarSize);
        writer.WriteString("dataset", input.Options.Collection ?? input.Dataset.Record.Name);
        writer.WriteStartObject("contents");
        // The content of a dag piece is folders: the files in it have their bytes elsewhere.
        foreach (var entry in tree.Entries().Where(entry => record.Kind != "dag" && !entry.Dag.IsFolder))
        {
            // Of a file that was cut, the path is the file's; a file has one part in a piece.
            byte[] path = entry.Part is null ? entry.Path : entry.Path[..Array.LastIndexOf(entry.Path, (byte)'/')];
            writer.WriteStartObject(JsonText.PathText(path));
            writer.WriteString("CID", entry.Dag.Cid.ToString());
            writer.WriteNumber("filesize", entry.Part?.File.Size ?? entry.Dag.Size);
            if (entry.Part is var (_, offset))
            {
                writer.WriteNumber("chunkoffset", offset);
                writer.WriteNumber("chunklength", entry.Dag.Size);
            }

            writer.WriteEndObject();
            json.Relieve();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("groupings");
        foreach (var entry in tree.Entries().Where(entry => entry is { Dag.IsFolder: true, Dag.IsMissing: false, IsCutFile: false, Path.Length: > 0 }))
        {
            writer.WriteString(JsonText.PathText(entry.Path), entry.Dag.Cid.ToString());
            json.Relieve();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>graphsplit's <c>manifest.csv</c> with piece CIDs. Its size of a piece is the unpadded one.</summary>
    public static void Graphsplit(ExportInput input, Stream stream)
    {
        using var csv = new CsvRows(stream, "\r\n");
        csv.Row("playload_cid", "filename", "piece_cid", "payload_size", "piece_size", "detail");
        foreach (var piece in input.Pieces)
        {
            var record = piece.Record;
            csv.RowWithText([record.RootCid, record.CarFile, record.PieceCid, record.PayloadSize, Piece.PieceSize.Unpadded(record.PieceSize)], text => WriteDetail(input, piece, text));
        }
    }

    /// <summary>The same without what <c>--calc-commp</c> adds.</summary>
    public static void GraphsplitPlain(ExportInput input, Stream stream)
    {
        using var csv = new CsvRows(stream, "\r\n");
        csv.Row("playload_cid", "filename", "detail");
        foreach (var piece in input.Pieces)
            csv.RowWithText([piece.Record.RootCid, piece.Record.CarFile], text => WriteDetail(input, piece, text));
    }

    private static void WriteDetail(ExportInput input, ExportPiece piece, Stream stream)
    {
        using var tree = new PieceTree(input, piece);
        using var json = new JsonText(stream);
        WriteTree(tree, json);
    }

    /// <summary>
    /// The tree of names as nested objects of Name, Hash, Size and Link, as both tools make it of a DAG: Size is the link's Tsize, of the root
    /// that of a file's content; Link is null but of the root and of folders that hold something.
    /// </summary>
    private static void WriteTree(PieceTree tree, JsonText json)
    {
        var writer = json.Writer;
        // Depth of the entry that was written last, which is still open as those above it are, and whether its links have begun.
        int open = -1;
        bool hasLinks = false;
        foreach (var entry in tree.Entries())
        {
            int depth = open < 0 ? 0 : entry.Depth;
            if (depth > open && open >= 0)
                writer.WriteStartArray("Link");
            for (; open >= depth; open--)
                Close();
            writer.WriteStartObject();
            writer.WriteString("Name", depth == 0 ? "" : JsonText.PathText(entry.Name));
            writer.WriteString("Hash", entry.Dag.Cid.ToString());
            if (depth == 0)
                writer.WriteNumber("Size", Math.Max(0, entry.Dag.Size));
            else
                writer.WriteNumber("Size", entry.Dag.Tsize);
            (open, hasLinks) = (depth, false);
            json.Relieve();
        }

        for (; open >= 0; open--)
            Close();

        void Close()
        {
            if (!hasLinks && open > 0)
                writer.WriteNull("Link");
            else if (!hasLinks)
                writer.WriteStartArray("Link");
            if (hasLinks || open == 0)
                writer.WriteEndArray();
            writer.WriteEndObject();
            // What is closed next has the one that was closed now.
            hasLinks = true;
        }
    }
}
