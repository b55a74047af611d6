namespace DataPrep.S3;

/// <summary>An object in a bucket.</summary>
/// <param name="ETag">As the server sends it.</param>
/// <param name="Piece">The piece CID that was recorded with it; null where none was, and in lists.</param>
internal sealed record BucketObject(string Key, long Size, string ETag, DateTime Modified, string? Piece = null);

/// <summary>A part of an upload that has reached the server.</summary>
internal readonly record struct UploadedPart(int Number, long Size, string ETag, DateTime Sent = default);

/// <summary>An upload that was begun, and neither completed nor aborted.</summary>
internal readonly record struct OpenUpload(string Key, string Id, DateTime Begun);

/// <summary>What packing needs of a bucket. Every call tries again for a while where that can help.</summary>
/// <exception cref="IOException">The server refuses, or cannot be reached; the message says what to do.</exception>
internal interface IBucket
{
    /// <summary>An object; null where there is none.</summary>
    BucketObject? Find(string key);

    /// <summary>Objects whose keys begin so, in the order of their keys.</summary>
    /// <param name="isFlat">Whether those are left out in whose keys a slash follows.</param>
    IEnumerable<BucketObject> List(string prefix, bool isFlat = false);

    /// <summary>Copies an object's bytes to a stream.</summary>
    void Get(string key, Stream target);

    /// <summary>Writes an object.</summary>
    /// <param name="onlyNew">Whether one that is there stays, where the server can tell.</param>
    /// <returns>Whether it was written.</returns>
    bool Put(string key, Func<Stream> content, string type, bool onlyNew, string? piece = null);

    /// <summary>Removes an object, if it is there.</summary>
    void Delete(string key);

    IEnumerable<OpenUpload> Uploads(string prefix);

    /// <summary>Begins an upload in parts.</summary>
    /// <returns>Its id.</returns>
    string BeginUpload(string key, string? piece = null);

    /// <summary>Writes a part of an upload, in place of an earlier one of the number.</summary>
    /// <param name="content">Makes the stream of its bytes, anew for each try.</param>
    /// <returns>Its ETag.</returns>
    Task<string> UploadPart(string key, string upload, int number, Func<Stream> content);

    /// <summary>The parts of an upload; null where there is no such upload.</summary>
    IReadOnlyList<UploadedPart>? Parts(string key, string upload);

    /// <summary>Makes an object of an upload's parts.</summary>
    /// <returns>Whether there was such an upload.</returns>
    bool CompleteUpload(string key, string upload, IEnumerable<UploadedPart> parts);

    /// <summary>Gives an upload up, if it is there.</summary>
    void Abort(string key, string upload);

    /// <summary>Copies an object within the bucket.</summary>
    /// <returns>Whether it was written; not where the key is taken and the server can tell.</returns>
    bool Copy(string from, string to, string piece);

    /// <summary>Copies a range of an object into a part of an upload.</summary>
    /// <returns>The part.</returns>
    Task<UploadedPart> CopyPart(string from, long first, long length, string to, string upload, int number);
}
