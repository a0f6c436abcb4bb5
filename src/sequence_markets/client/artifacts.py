"""What a hosted strategy consists of, as the text that is uploaded."""

from __future__ import annotations

import base64
import binascii
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

ArtifactSource = bytes | str | os.PathLike[str]
"""The bytes of a zip or tar archive, the path of one, or the path of a project folder."""

_LEFT_OUT: Final = frozenset({"__pycache__"})
# Archives of one content are one sequence of bytes, whenever and wherever they are made.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o100644 << 16


def artifact_text(artifact_base64: object, artifact: object) -> str:
    """Return the artifact in base64, from whichever of the two arguments was given.

    Raises:
        TypeError: Both or neither, or of the wrong type.
        ValueError: The text is not base64, or there is nothing in it.
        OSError: A file cannot be read.
    """
    if (artifact_base64 is None) == (artifact is None):
        raise TypeError("give the artifact once: either artifact_base64= or artifact=")
    if artifact is not None:
        return base64.b64encode(_bytes_of(artifact)).decode("ascii")
    if not isinstance(artifact_base64, str):
        raise TypeError(f"artifact_base64 must be a str, not {type(artifact_base64).__name__}")
    try:
        decoded = base64.b64decode(artifact_base64, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("artifact_base64 must be standard base64 with its padding and without line breaks") from None
    if not decoded:
        raise ValueError("artifact_base64 must not be empty")
    return artifact_base64


def pack(folder: str | os.PathLike[str]) -> bytes:
    """Return the files of a project folder as a zip archive, the same bytes for the same files.

    What is hidden (its name begins with a dot) and ``__pycache__`` stay out.

    Raises:
        ValueError: There is no file, or one is a link or neither file nor folder.
        OSError: A file cannot be read.
    """
    root = Path(folder)
    packed = io.BytesIO()
    count = 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(root):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, path.read_bytes())
            count += 1
    if not count:
        raise ValueError(f"artifact: there is no file in {os.fspath(folder)!r}")
    return packed.getvalue()


def _bytes_of(artifact: object) -> bytes:
    if isinstance(artifact, bytes | bytearray):
        found = bytes(artifact)
    elif isinstance(artifact, str | os.PathLike):
        path = Path(cast("str | os.PathLike[str]", artifact))
        found = pack(path) if path.is_dir() else path.read_bytes()
    else:
        raise TypeError(f"artifact must be bytes or a path, not {type(artifact).__name__}")
    if not found:
        raise ValueError("artifact must not be empty")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"artifact: {str(path)!r} is neither a file nor a folder; links are not followed")
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
