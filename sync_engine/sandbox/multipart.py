"""The content of the one file in a multipart body."""

from __future__ import annotations


def file_of(body: bytes) -> bytes | None:
    """Return the bytes of the first part that has a file name, or None."""
    boundary, _, _ = body.partition(b"\r\n")
    if not boundary.startswith(b"--"):
        return None
    for part in body.split(boundary)[1:]:
        head, gap, content = part.partition(b"\r\n\r\n")
        if gap and b"filename=" in head:
            return content.removesuffix(b"\r\n")
    return None
