"""A reader of the file sees the old one or the new one, never a part."""

import os
import signal
import subprocess
import sys

import pytest

from stlib import files
from stlib.files import replacing, unused


def test_the_new_file_takes_the_place_of_the_old_at_the_end(tmp_path):
    path = tmp_path / "some.bin"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, name):
    path = tmp_path / "some.bin"
    path.write_bytes(b"old")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, name, refuse)
    with pytest.raises(OSError, match="disk full"), replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "some.bin"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys\n"
        "from stlib.files import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    file.write(b'new' * 1000)\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_name_is_unused_or_said_to_be_taken(tmp_path):
    assert unused(tmp_path / "new.bin") == tmp_path / "new.bin"
    assert not list(tmp_path.iterdir())
    for path in (tmp_path, tmp_path / "some.bin"):
        (tmp_path / "some.bin").touch()
        with pytest.raises(FileExistsError, match=f"{path} exists; choose another name"):
            unused(path)
    with pytest.raises(FileNotFoundError, match=f"the folder {tmp_path / 'no'} is missing"):
        unused(tmp_path / "no" / "new.bin")
