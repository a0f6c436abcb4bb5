"""Archives are read whole, and refused when unpacking one could do any harm."""

from __future__ import annotations

import base64
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.strategies.artifact import ArtifactError, check, clean, decode, members, unpack
from sequence_markets.sandbox.strategies.limits import MAX_FILES, MAX_UNPACKED_BYTES, MIB

from .archives import DEVICE, FIFO, LINK, gzipped, tarred, tarred_entries, tarred_special, zipped, zipped_special

PROJECT: dict[str, str | bytes] = {"main.py": "print('hi')\n", "app/__init__.py": "", "app/data.bin": bytes(range(256))}

KINDS: dict[str, Callable[[dict[str, str | bytes]], bytes]] = {
    "zip": zipped,
    "stored zip": lambda files: zipped(files, compression=zipfile.ZIP_STORED),
    "tar": tarred,
    "tar.gz": lambda files: gzipped(tarred(files)),
    "tar.gz in two parts": lambda files: gzipped(tarred(files)[:700]) + gzipped(tarred(files)[700:]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_archive_is_unpacked(kind: str, tmp_path: Path) -> None:
    archive = KINDS[kind](PROJECT)
    check(archive, "main.py")
    unpack(archive, tmp_path)
    found = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    expected = {name: data.encode() if isinstance(data, str) else data for name, data in PROJECT.items()}
    assert {name: path.read_bytes() for name, path in found.items()} == expected
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}


def test_a_tar_of_a_folder_names_its_files_with_a_dot() -> None:
    archive = tarred({"./main.py": "pass", "./app/x.py": "pass"})
    assert [member.path for member in members(archive)] == ["main.py", "app/x.py"]
    check(archive, "./app//x.py")


BAD_NAMES = [
    "/etc/cron.d/x",
    "../x",
    "app/../../x",
    "..",
    "a\\b",
    "..\\x",
    "C:/x",
    "C:x",
    "x:stream",
    "a\nb",
    "a\x7fb",
    "\udcff",
    "a/" * 40 + "x",
    "x" * 600,
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ArtifactError):
        clean(name)


@pytest.mark.parametrize("name", [name for name in BAD_NAMES if name.isprintable() or "\n" in name], ids=ascii)
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_nothing_is_written_outside(name: str, kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    archive = KINDS[kind]({"main.py": "pass", name: "evil"})
    with pytest.raises(ArtifactError):
        unpack(archive, folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents] == []


def test_a_nul_in_a_name_is_refused() -> None:
    packed = bytearray(zipped({"main.pyXevil": "pass", "main.py": "pass"}))
    archive = bytes(packed).replace(b"main.pyXevil", b"main.py\0evil")
    with pytest.raises(ArtifactError):
        check(archive, "main.py")


SPECIAL = {
    "symbolic link in a zip": zipped_special("link", LINK),
    "fifo in a zip": zipped_special("pipe", FIFO),
    "device in a zip": zipped_special("dev", DEVICE),
    "symbolic link in a tar": tarred_special("link", tarfile.SYMTYPE),
    "hard link in a tar": tarred_special("link", tarfile.LNKTYPE, "main.py"),
    "fifo in a tar": tarred_special("pipe", tarfile.FIFOTYPE),
    "character device in a tar": tarred_special("dev", tarfile.CHRTYPE),
    "block device in a tar": tarred_special("dev", tarfile.BLKTYPE),
    "link to a folder and a file through it": tarred_special("app", tarfile.SYMTYPE, "/tmp"),
    "sparse file in a tar": tarred_special("holes", tarfile.GNUTYPE_SPARSE),
    "unknown kind in a tar": tarred_special("odd", b"Z"),
}


@pytest.mark.parametrize("what", SPECIAL)
def test_links_and_devices_are_refused(what: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        check(SPECIAL[what], "main.py")
    with pytest.raises(ArtifactError):
        unpack(SPECIAL[what], tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} <= {"main.py"}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


REFUSED: dict[str, tuple[bytes, str]] = {
    "no archive": (b"just some text", "no readable"),
    "an empty zip": (zipped({}), "no file"),
    "an empty tar": (tarred({}), "no file"),
    "only folders": (tarred_entries([(tarfile.TarInfo("a/"), b"")]), "."),
    "gzip of no tar": (gzipped(b"hello"), "no readable"),
    "gzip cut short": (gzipped(tarred(PROJECT))[:-20], "cut short"),
    "tar cut short": (tarred(PROJECT)[:1100], "cut short"),
    "tar damaged in the middle": (tarred(PROJECT)[:1024] + b"x" * 512 + tarred(PROJECT)[1536:], "damaged"),
    "zip cut short": (zipped(PROJECT)[:-30], "without its end"),
    "bzip2 in a zip": (zipped(PROJECT, compression=zipfile.ZIP_BZIP2), "use deflate"),
    "lzma in a zip": (zipped(PROJECT, compression=zipfile.ZIP_LZMA), "use deflate"),
    "one name twice in a tar": (tarred({"main.py": "1", "./main.py": "2"}), "twice"),
    "names that differ in case": (zipped({"main.py": "1", "Main.py": "2"}), "twice"),
    "a file that is a folder": (tarred({"main.py": "1", "main.py/x": "2"}), "both a file and a folder"),
    "a folder that is a file": (tarred({"main.py/x": "1", "main.py": "2"}), "twice"),
    "another entrypoint": (zipped({"other.py": "pass"}), r"'other\.py'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_usable_archive_is_refused(what: str) -> None:
    archive, words = REFUSED[what]
    with pytest.raises(ArtifactError, match=words):
        check(archive, "main.py")


def test_an_encrypted_file_is_refused() -> None:
    archive = bytearray(zipped({"main.py": "pass"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(signature) + offset] |= 1
    with pytest.raises(ArtifactError, match="encrypted"):
        check(bytes(archive), "main.py")


def bomb_of_zeros(kind: str) -> bytes:
    zeros = bytes(MAX_UNPACKED_BYTES // 4)
    return KINDS[kind]({"main.py": "pass", **{f"z{index}": zeros for index in range(5)}})


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_stopped_before_it_has_gone_off(kind: str) -> None:
    archive = bomb_of_zeros(kind)
    assert len(archive) < MIB
    with pytest.raises(ArtifactError, match="MiB of files"):
        check(archive, "main.py")


def test_a_gzip_of_gigabytes_costs_no_more_memory_than_an_artifact_may() -> None:
    part = gzipped(bytes(16 * MIB))
    archive = part * 64
    tracemalloc.start()
    try:
        with pytest.raises(ArtifactError, match="MiB of files"):
            check(archive, "main.py")
        assert tracemalloc.get_traced_memory()[1] < 2 * MAX_UNPACKED_BYTES
    finally:
        tracemalloc.stop()


def test_a_size_that_lies_does_not_help() -> None:
    archive = bytearray(bomb_of_zeros("zip"))
    at = -1
    while (at := archive.find(b"PK\x01\x02", at + 1)) >= 0:
        struct.pack_into("<L", archive, at + 24, 10)
    with pytest.raises(ArtifactError):
        check(bytes(archive), "main.py")
    entry = tarfile.TarInfo("huge")
    entry.size = 0
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as opened:
        opened.addfile(entry)
        entry.size = 1 << 60
        packed.write(entry.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ArtifactError):
        check(packed.getvalue(), "main.py")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_files_are_refused(kind: str) -> None:
    files: dict[str, str | bytes] = {f"f{index}": "" for index in range(MAX_FILES)}
    with pytest.raises(ArtifactError, match="more than 2000"):
        check(KINDS[kind]({**files, "main.py": "pass"}), "main.py")
    files.popitem()
    check(KINDS[kind]({**files, "main.py": "pass"}), "main.py")


def test_a_list_of_files_that_is_too_long_is_not_even_read() -> None:
    archive = zipped({f"{'x' * 200}{index}": "" for index in range(5_000)})
    with pytest.raises(ArtifactError, match="list of files"):
        check(archive, "main.py")


def test_a_zip64_is_refused() -> None:
    archive = zipped({"main.py": "pass"})
    at = archive.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    with pytest.raises(ArtifactError, match="zip64"):
        check(archive[:at] + locator + archive[at:], "main.py")


GOOD = [make(PROJECT) for make in KINDS.values()]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=8)), max_size=6))
def test_whatever_is_changed_in_an_archive_is_refused_or_harmless(
    archive: bytes, changes: list[tuple[int, bytes]]
) -> None:
    changed = bytearray(archive)
    for at, data in changes:
        changed[at % len(changed) : at % len(changed) + len(data)] = data
    try:
        found = list(members(bytes(changed)))
    except ArtifactError:
        return
    for member in found:
        assert member.path == clean(member.path)
    assert len({member.path for member in found}) == len(found)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=2000), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08"]))
def test_arbitrary_bytes_are_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(ArtifactError):
        check(start + data, "main.py")


@pytest.mark.parametrize("text", ["", "UEs", "UE s=", "UEs=\n", "UEs=UEs=", "UE-_", "é"])
def test_only_strict_base64_is_taken(text: str) -> None:
    with pytest.raises(ArtifactError):
        decode(text)


def test_base64_is_decoded() -> None:
    assert decode(base64.b64encode(b"PK").decode()) == b"PK"
