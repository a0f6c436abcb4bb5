"""Archives of every kind, good and hostile."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping

Files = Mapping[str, str | bytes]


def zipped(files: Files, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return packed.getvalue()


def zipped_special(name: str, mode: int, data: bytes = b"/etc/passwd") -> bytes:
    """A zip archive of a program and of an entry of another kind."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "pass")
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, data)
    return packed.getvalue()


LINK = stat.S_IFLNK
FIFO = stat.S_IFIFO
DEVICE = stat.S_IFCHR


def tarred(files: Files) -> bytes:
    """A tar archive of files."""
    entries: list[tuple[tarfile.TarInfo, bytes]] = []
    for name, data in files.items():
        content = data.encode() if isinstance(data, str) else data
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entries.append((entry, content))
    return tarred_entries(entries)


def tarred_entries(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar archive of entries."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in entries:
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def tarred_special(name: str, kind: bytes, target: str = "/etc/passwd") -> bytes:
    """A tar archive of a program and of an entry of another kind."""
    program = tarfile.TarInfo("main.py")
    program.size = 4
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.linkname = target
    return tarred_entries([(program, b"pass"), (entry, b"")])


def gzipped(data: bytes) -> bytes:
    """A gzip of bytes."""
    return gzip.compress(data, mtime=0)
