"""Archives from outside: what is in them, once it is certain that it can do no harm to unpack it.

Zip, tar and tar.gz are read. Only plain files and folders with relative names are taken; links, devices and names that
lead elsewhere are refused, and everything is counted while it is read, whatever the archive says about itself.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from sequence_markets.sandbox.strategies.limits import (
    MAX_FILES,
    MAX_PATH_CHARACTERS,
    MAX_PATH_DEPTH,
    MAX_UNPACKED_BYTES,
    MIB,
)

_CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_ZIP64_LOCATOR: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES: Final = 20
_MAX_COMMENT: Final = 0xFFFF
_MAX_DIRECTORY: Final = MIB
"""What the list of files at the end of a zip may have: more is read before the first file can be counted."""
_TAR_OVERHEAD: Final = 4 * MIB
_ENCRYPTED: Final = 0x1

# Whatever the readers of the standard library raise over bytes that are no archive.
_BROKEN: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    ValueError,
)


class ArtifactError(Exception):
    """An artifact that is not accepted; the message says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its cleaned relative path and what is in it."""

    path: str
    data: bytes = field(repr=False)


def decode(text: str) -> bytes:
    """Return the bytes of strict standard base64.

    Raises:
        ArtifactError: It is anything else, or empty.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ArtifactError("must be standard base64 with its padding and without line breaks") from None
    if not decoded:
        raise ArtifactError("must not be empty")
    return decoded


def check(archive: bytes, entrypoint: str) -> None:
    """Read a whole archive and make sure that it can be unpacked and holds the file to run.

    Raises:
        ArtifactError: It cannot.
    """
    wanted = clean(entrypoint)
    found = [member.path for member in members(archive)]
    if wanted not in found:
        shown = ", ".join(repr(path) for path in sorted(found) if path.endswith(".py")) or "no Python file"
        raise ArtifactError(f"the entrypoint {entrypoint[:100]!r} is not in the artifact; it holds {shown[:200]}")


def unpack(archive: bytes, folder: Path) -> None:
    """Write the files of an archive into an empty folder. Nobody but the owner may read them.

    Raises:
        ArtifactError: The archive is not acceptable.
        OSError: A file cannot be written.
    """
    for member in members(archive):
        target = folder.joinpath(*member.path.split("/"))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(target, flags, 0o600), "wb") as file:
            file.write(member.data)


def members(archive: bytes) -> Iterator[Member]:
    """Yield the files of an archive, each checked before it is yielded.

    Raises:
        ArtifactError: The archive is not acceptable.
    """
    names = _Names()
    try:
        if archive.startswith(_ZIP):
            yield from _zipped(archive, names)
        elif archive.startswith(_GZIP):
            yield from _tarred(_inflated(archive), names)
        else:
            yield from _tarred(archive, names)
    except ArtifactError:
        raise
    except _BROKEN as error:
        raise ArtifactError(f"is no readable zip, tar or tar.gz archive: {type(error).__name__}") from None
    if not names.files:
        raise ArtifactError("holds no file")


def clean(path: str) -> str:
    """Return a relative path without dots and empty parts; empty for the folder itself.

    >>> clean("./app/main.py")
    'app/main.py'

    Raises:
        ArtifactError: It leads elsewhere, or no system would take it.
    """
    shown = repr(path[:100])
    if len(path) > MAX_PATH_CHARACTERS:
        raise ArtifactError(f"{shown}… has more than {MAX_PATH_CHARACTERS} characters")
    if any(ord(character) < 32 or ord(character) == 127 or 0xD800 <= ord(character) < 0xE000 for character in path):
        raise ArtifactError(f"{shown} holds a control character")
    if path.startswith("/") or "\\" in path or ":" in path:
        raise ArtifactError(f"{shown} must be a relative path with forward slashes")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArtifactError(f"{shown} leads out of the artifact")
    if len(parts) > MAX_PATH_DEPTH:
        raise ArtifactError(f"{shown} is nested deeper than {MAX_PATH_DEPTH} folders")
    return "/".join(parts)


class _Names:
    """The names taken so far, and the room that is left."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.files_folded: set[str] = set()
        self.room = MAX_UNPACKED_BYTES
        self._folders: set[str] = set()
        self._entries = 0

    def count(self) -> None:
        """Take note of one more entry of the archive."""
        self._entries += 1
        if self._entries > MAX_FILES:
            raise ArtifactError(f"holds more than {MAX_FILES} files and folders")

    def folder(self, name: str) -> None:
        """Take the name of a folder, and of those above it."""
        parts = clean(name).casefold().split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path in self.files_folded:
                raise ArtifactError(f"{name[:100]!r} is both a file and a folder")
            if path:
                self._folders.add(path)

    def file(self, name: str) -> str:
        """Take the name of a file, and return it cleaned."""
        path = clean(name)
        folded = path.casefold()
        if not path:
            raise ArtifactError("holds a file without a name")
        if folded in self.files_folded or folded in self._folders:
            raise ArtifactError(f"holds {path[:100]!r} twice, or only differing in case")
        self.folder(path.rpartition("/")[0])
        self.files.add(path)
        self.files_folded.add(folded)
        return path

    def fill(self, size: int) -> None:
        """Take room for so many bytes."""
        self.room -= size
        if size < 0 or self.room < 0:
            raise ArtifactError(f"holds more than {MAX_UNPACKED_BYTES // MIB} MiB of files")


def _zipped(archive: bytes, names: _Names) -> Iterator[Member]:
    _check_directory(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            names.count()
            # The library cuts names at a NUL; what was written is looked at as well.
            name = entry.orig_filename if "\0" in entry.orig_filename else entry.filename
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.is_dir() and kind in (0, stat.S_IFDIR):
                names.folder(name)
                continue
            if kind not in (0, stat.S_IFREG):
                raise ArtifactError(f"{name[:100]!r} is a link or a device; only files and folders are taken")
            if entry.flag_bits & _ENCRYPTED:
                raise ArtifactError(f"{name[:100]!r} is encrypted")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ArtifactError(f"{name[:100]!r} is compressed in a way that is not taken; use deflate")
            path = names.file(name)
            with opened.open(entry) as file:
                yield Member(path, _read(file, names))


def _check_directory(archive: bytes) -> None:
    """Refuse a zip whose list of files is too long to be read before it can be counted."""
    at = archive.rfind(_ZIP_END, max(0, len(archive) - _ZIP_END_BYTES - _MAX_COMMENT))
    if at < 0 or at + _ZIP_END_BYTES > len(archive):
        raise ArtifactError("is a zip archive without its end")
    if archive[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(_ZIP64_LOCATOR):
        raise ArtifactError("is a zip64 archive, which an artifact of this size cannot need")
    size: int = struct.unpack_from("<L", archive, at + 12)[0]
    if size > _MAX_DIRECTORY:
        raise ArtifactError(f"is a zip archive whose list of files has more than {_MAX_DIRECTORY // MIB} MiB")


def _inflated(archive: bytes) -> bytes:
    """Return what a gzip holds, up to what any artifact may have."""
    most = MAX_UNPACKED_BYTES + _TAR_OVERHEAD
    parts: list[bytes] = []
    size = 0
    rest = archive
    while rest.strip(b"\0"):
        inflater = zlib.decompressobj(wbits=31)
        while not inflater.eof:
            part = inflater.decompress(rest, _CHUNK)
            rest = inflater.unconsumed_tail
            if not part and not rest and not inflater.eof:
                raise ArtifactError("is a gzip that is cut short")
            size += len(part)
            if size > most:
                raise ArtifactError(f"holds more than {MAX_UNPACKED_BYTES // MIB} MiB of files")
            parts.append(part)
        rest = inflater.unused_data
    return b"".join(parts)


def _tarred(archive: bytes, names: _Names) -> Iterator[Member]:
    with tarfile.TarFile(fileobj=io.BytesIO(archive), encoding="utf-8", errors="strict") as opened:
        for entry in opened:
            names.count()
            if entry.isdir():
                names.folder(entry.name)
                continue
            if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
                raise ArtifactError(f"{entry.name[:100]!r} is a link or a device; only files and folders are taken")
            path = names.file(entry.name)
            if entry.size > names.room:
                names.fill(entry.size)
            file = opened.extractfile(entry)
            assert file is not None
            with file:
                yield Member(path, _read(file, names))
        # The library takes a damaged header for the end.
        if archive[opened.offset : opened.offset + tarfile.BLOCKSIZE].strip(b"\0"):
            raise ArtifactError("is a tar archive that is damaged or cut short")


def _read(file: IO[bytes], names: _Names) -> bytes:
    parts: list[bytes] = []
    while part := file.read(_CHUNK):
        names.fill(len(part))
        parts.append(part)
    return b"".join(parts)
