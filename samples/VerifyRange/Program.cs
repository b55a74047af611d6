// Checks that a range of a piece, downloaded from whoever has it, is what the piece CID commits to. What is needed beside the CID is the tree
// sidecar, which may come from anywhere too: one of another piece, or a false one, proves nothing.
using System.Net.Http.Headers;
using DataPrep.Ipld;
using DataPrep.Verification;

if (args is not [var url, var sidecar, var cid, var first, var count] || !long.TryParse(first, out long offset) || !long.TryParse(count, out long length))
{
    Console.Error.WriteLine("usage: VerifyRange URL_OF_PIECE TREE_SIDECAR PIECE_CID_V2 OFFSET LENGTH");
    return 2;
}

try
{
    var pieceCid = Cid.Parse(cid);
    using var tree = File.OpenRead(sidecar);
    var proof = TreeProof.Create(tree, offset, length);

    // The proof is about whole segments: these are fetched, and hashed as they come.
    using var http = new HttpClient();
    using var request = new HttpRequestMessage(HttpMethod.Get, url);
    request.Headers.Range = new RangeHeaderValue(proof.DataOffset, proof.DataOffset + proof.DataLength - 1);
    using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    answer.EnsureSuccessStatusCode();
    if (answer.Content.Headers.ContentRange?.From != proof.DataOffset)
        throw new HttpRequestException("the server does not answer with the range that was asked for");
    await using var data = await answer.Content.ReadAsStreamAsync();
    bool holds = proof.Verify(data, pieceCid);
    Console.WriteLine(holds
        ? $"the {length} bytes at {offset} are in the piece (shown by the {proof.DataLength} bytes at {proof.DataOffset})"
        : $"the {proof.DataLength} bytes at {proof.DataOffset} are NOT those of the piece");
    return holds ? 0 : 4;
}
catch (Exception e) when (e is IOException or HttpRequestException or FormatException or ArgumentException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
