"""Tensors and JSON come back as they were; what could run code is refused unread."""

import json
import pickle
import struct
from math import inf, nan

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.testing import assert_close

from stlib.checkpoints import load_tensors, save_tensors

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda entry: st.lists(entry, max_size=3) | st.dictionaries(st.text(max_size=4), entry),
    max_leaves=5,
)  # fmt: skip
KINDS = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool]


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.text("ab./0é", max_size=5), st.tuples(
        st.sampled_from(KINDS), st.lists(st.integers(0, 3), max_size=4)), max_size=3),
    st.dictionaries(st.text(max_size=4), JSON, max_size=3),
)  # fmt: skip
def test_tensors_and_json_come_back(tmp_path_factory, shapes, about):
    path = tmp_path_factory.getbasetemp() / "some.safetensors"
    some = torch.Generator().manual_seed(0)
    tensors = {
        name: torch.randint(0, 2, shape, generator=some).to(kind)
        for name, (kind, shape) in shapes.items()
    }
    assert save_tensors(tensors, about, path) == path
    read, told = load_tensors(path)
    assert told == about
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)


def test_a_header_of_any_length_is_read(tmp_path):
    """A file starts with the header's length, which may look like the start of a pickle."""
    starts = set()
    for length in range(0, 264, 8):
        path = save_tensors({}, {"text": "x" * length}, tmp_path / "some.safetensors")
        starts.add(path.read_bytes()[0])
        assert load_tensors(path)[1] == {"text": "x" * length}
    assert 0x80 in starts


def test_layouts_in_memory_do_not_matter(tmp_path):
    whole = torch.arange(48.0).reshape(2, 3, 2, 4).requires_grad_()
    tensors = {
        "transposed": whole.transpose(0, 3),
        "channels_last": whole.to(memory_format=torch.channels_last),
        "strided": whole[..., ::2],
        "expanded": torch.ones(1).expand(5),
        "upper": whole[0],
        "lower": whole[1],
        "whole": whole,
        "again": whole,
    }
    read, _ = load_tensors(save_tensors(tensors, {}, tmp_path / "some.safetensors"))
    for name, tensor in tensors.items():
        assert_close(read[name], tensor.detach(), rtol=0, atol=0)
        assert read[name].is_contiguous()


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_numbers_that_json_lacks_are_refused_and_the_old_file_stays(tmp_path, number):
    path = save_tensors({"x": torch.ones(2)}, {"step": 1}, tmp_path / "some.safetensors")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_tensors({"x": torch.zeros(2)}, {"loss": [number]}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_tensors({"x": torch.ones(2)}, {"step": 1}, tmp_path / "some.safetensors")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr("stlib.files.os.fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_tensors({"x": torch.zeros(2)}, {}, path)
    assert torch.equal(load_tensors(path)[0]["x"], torch.ones(2))
    assert list(tmp_path.iterdir()) == [path]


class Bomb:
    """What a pickle of it does when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_pickles_are_refused_by_name_and_never_run(tmp_path):
    evil, path = tmp_path / "ran", tmp_path / "weights.safetensors"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({"x": Bomb(evil)}, protocol))
        what = "a pickle, which could run code" if protocol >= 2 else "a damaged file"
        with pytest.raises(ValueError, match=rf"weights\.safetensors: .*{what}"):
            load_tensors(path)
    torch.save({"x": Bomb(evil)}, path)
    with pytest.raises(
        ValueError, match=r"weights.*: a zip archive as torch\.save .* expected saf"
    ):
        load_tensors(path)
    assert not evil.exists()
    pickle.loads(pickle.dumps(Bomb(evil))).close()
    assert evil.exists(), "so the bomb is one"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_refused_by_name(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "cut.safetensors"
    save_tensors({"x": torch.ones(3), "y": torch.zeros(2, 2)}, {"step": 1}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(
        ValueError, match=r"cut\.safetensors: expected safetensors, found a damaged"
    ):
        load_tensors(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"about": "hello"}, {"about": "[1]"}])
def test_safetensors_of_others_are_refused(tmp_path, metadata):
    path = tmp_path / "theirs.safetensors"
    save_file({"x": torch.ones(2)}, path, metadata)
    with pytest.raises(
        ValueError, match=r"theirs\.safetensors: .*this package wrote, found others"
    ):
        load_tensors(path)


def test_a_header_that_lies_is_refused(tmp_path):
    path = tmp_path / "lies.safetensors"
    header = json.dumps({"x": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(ValueError, match=r"lies\.safetensors: .*damaged"):
        load_tensors(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        load_tensors(tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError, match="none"):
        save_tensors({}, {}, tmp_path / "none" / "some.safetensors")
