"""What the package ships loads without a network, and is small."""

import pytest
import torch

from stlib import shipped as module
from stlib.data.clips import sides
from stlib.recipes import ClipRecipe, experiment
from stlib.shipped import FOLDER, Shipped, ship, shipped
from stlib.training import Machine, fit

LIMIT = 20_000_000  # bytes: weights and results together


def test_a_run_is_shipped_and_loaded_as_it_was_trained(tmp_path, monkeypatch):
    recipe = experiment("first-convlstm").smoke
    fit(recipe, tmp_path / "run", seed=4, machine=Machine(cpu=True))
    ship(tmp_path / "run", tmp_path / "some.safetensors")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    found = shipped("some")
    assert isinstance(found, Shipped)
    assert (found.recipe, found.seed) == (recipe, 4)
    assert not found.network.training
    weights, _ = module.Run(tmp_path / "run").network()
    for name, tensor in found.network.state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, weights[name], rtol=2**-11, atol=2**-24)  # half: 11 bits
    with pytest.raises(FileNotFoundError, match="no network 'other'; there are: some"):
        shipped("other")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.safetensors")), ids=lambda path: path.stem)
def test_every_shipped_network_answers(path):
    network, recipe, _ = shipped(path.stem)
    frame = torch.zeros(1, recipe.network.channels, *sides(recipe.data.canvas))
    with torch.no_grad():
        if isinstance(recipe, ClipRecipe):
            answer = network(frame.expand(2, recipe.data.frames, *frame.shape[1:]))
            assert answer.shape == (2, recipe.classes)
        else:
            answer, _ = network(frame)
            assert answer.shape == frame.shape
    assert bool(answer.isfinite().all())


def test_what_is_shipped_is_small():
    files = [
        path for path in FOLDER.parent.rglob("*.*") if path.suffix in (".safetensors", ".json")
    ]
    assert files
    assert sum(path.stat().st_size for path in files) < LIMIT
