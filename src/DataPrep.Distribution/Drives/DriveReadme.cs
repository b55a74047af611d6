using System.Globalization;
using System.Text;
using DataPrep.Records;

namespace DataPrep.Distribution.Drives;

/// <summary>What stands on a drive for the person who unpacks it: how to check it without a network and without this program.</summary>
internal static class DriveReadme
{
    public static string Of(DriveLabel label, IReadOnlyList<PieceRecord> pieces)
    {
        var text = new StringBuilder();
        string name = pieces.Count > 0 ? pieces[0].CarFile : "PIECE.car";
        _ = text.Append(CultureInfo.InvariantCulture, $"""
            Drive {label.Drive} of {label.Drives} for storage provider {label.Provider}
            Dataset: {label.Dataset}
            Root CID of the dataset: {label.RootCid}
            Pieces on this drive: {pieces.Count}, {pieces.Sum(piece => piece.CarSize)} bytes

            What is here
              *.car           the pieces, Filecoin CAR files, each named by its piece CID (CommP, version 1)
              {DriveCopy.Manifest}  a line of JSON for each: piece CIDs, padded size, CAR size, root CID
              {DriveCopy.Sums}      SHA-256 of each file
              {DriveCopy.Label}      which drive this is

            1. Check that the drive arrived as it was sent. In this folder, with standard tools:

                 sha256sum -c {DriveCopy.Sums}

               A line that does not end in "OK" names a file that is damaged. Ask for that piece again.

            2. Check that a file is the piece that was agreed on. The piece CID can be computed from the file, for instance by

                 boostx commp {name}
                 dataprep commp {name}

               and is the file's name; the padded piece size is in {DriveCopy.Manifest}.

            3. Import. The file's length is its raw size; do not pad or cut it. For an offline deal with Boost:

                 boostd import-data DEAL_UUID {name}

               and for a direct data onboarding:

                 boostd import-direct --client-addr ADDRESS --allocation-id ID PIECE_CID FILE

            """);
        return text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
    }
}
