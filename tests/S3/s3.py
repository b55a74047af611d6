"""A client of S3 for tests: the standard library alone, path style, signature version 4.

    s3.py mb BUCKET | put BUCKET KEY FILE | get BUCKET KEY FILE | rm BUCKET KEY | ls BUCKET [PREFIX] | uploads BUCKET [PREFIX]
    s3.py up BUCKET PREFIX DIR | down BUCKET PREFIX DIR | begin BUCKET KEY

The server and the keys are in S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION.
"""
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree as xml


class Refused(Exception):
    pass


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def request(method, bucket, key="", query=None, body=b"", headers=None):
    """One request; its body. Statuses of 300 and more are exceptions."""
    url = urllib.parse.urlsplit(os.environ["S3_ENDPOINT"])
    path = urllib.parse.quote(f"/{bucket}/{key}" if key else f"/{bucket}")
    query = "&".join(f"{urllib.parse.quote(k, safe='')}={urllib.parse.quote(str(v), safe='')}" for k, v in sorted((query or {}).items()))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    signed = {"host": url.netloc, "x-amz-content-sha256": digest, "x-amz-date": now, **(headers or {})}
    names = ";".join(sorted(signed))
    canonical = "\n".join([method, path, query, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, digest])
    scope = f"{now[:8]}/{os.environ['AWS_REGION']}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        secret = sign(secret, part)
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    signed["authorization"] = f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}, Signature={signature}"
    connection = http.client.HTTPConnection(url.netloc, timeout=300)
    try:
        connection.request(method, path + ("?" + query if query else ""), body, signed)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise Refused(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content
    finally:
        connection.close()


def each(bucket, query, element, marker, next_marker):
    """Elements of all pages of a list."""
    while True:
        page = xml.fromstring(request("GET", bucket, query=query))
        space = page.tag[: page.tag.index("}") + 1] if "}" in page.tag else ""
        yield from ({child.tag[len(space):]: child.text for child in found} for found in page.iter(space + element))
        following = page.findtext(space + next_marker)
        if page.findtext(space + "IsTruncated") != "true" or not following:
            return
        query = {**query, marker: following}


def ls(bucket, prefix=""):
    return [(found["Key"], int(found["Size"])) for found in each(bucket, {"list-type": 2, "prefix": prefix}, "Contents", "continuation-token", "NextContinuationToken")]


def uploads(bucket, prefix=""):
    return [found["Key"] for found in each(bucket, {"uploads": "", "prefix": prefix}, "Upload", "key-marker", "NextKeyMarker")]


def all_of(work, items):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, items))


def up(bucket, prefix, folder):
    root = pathlib.Path(folder)

    def one(path):
        key = f"{prefix}/{path.relative_to(root)}"
        if path.is_dir():
            request("PUT", bucket, key + "/")
        else:
            request("PUT", bucket, key, body=path.read_bytes())

    all_of(one, [path for path in root.rglob("*") if path.is_file() or not any(path.iterdir())])


def down(bucket, prefix, folder):
    def one(found):
        path = pathlib.Path(folder) / found[0][len(prefix):].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(request("GET", bucket, found[0]))

    all_of(one, ls(bucket, prefix + "/"))


def main(command, bucket, *rest):
    if command == "mb":
        request("PUT", bucket)
    elif command == "put":
        request("PUT", bucket, rest[0], body=pathlib.Path(rest[1]).read_bytes())
    elif command == "get":
        pathlib.Path(rest[1]).write_bytes(request("GET", bucket, rest[0]))
    elif command == "rm":
        request("DELETE", bucket, rest[0])
    elif command == "begin":
        request("POST", bucket, rest[0], query={"uploads": ""})
    elif command == "ls":
        for key, size in ls(bucket, *rest):
            print(size, key)
    elif command == "uploads":
        print("".join(key + "\n" for key in uploads(bucket, *rest)), end="")
    elif command == "up":
        up(bucket, *rest)
    elif command == "down":
        down(bucket, *rest)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as e:
        sys.exit(f"s3.py: {e}")
