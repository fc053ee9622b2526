"""The mean over crops, against a loop and against answers that are planted."""

import pytest
import torch
from torch import nn

from stlib.crops import average_crops
from tests.drawn import normal

CLASSES = 5


def test_the_mean_of_probabilities_is_a_loop():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 4 * 4, CLASSES)).eval()
    crops = list(normal(7, 2, 3, 4, 4).float())
    total = torch.zeros(CLASSES, dtype=torch.float64)
    for crop in crops:
        logits = network(crop[None])[0].double()
        total += logits.exp() / logits.exp().sum()
    for at_once in (1, 2, 7, 30):
        found = average_crops(network, crops, at_once)
        torch.testing.assert_close(found, total / 7, atol=1e-6, rtol=0)
        assert not found.requires_grad


def test_each_crop_counts_once_whatever_the_network_says_of_it():
    """A network that answers with what is planted in each crop: a class, and how sure of it."""

    def planted(clips):
        logits = torch.zeros(len(clips), CLASSES)
        logits[torch.arange(len(clips)), clips[:, 0, 0, 0, 0].long()] = 50.0
        return logits

    crops = [torch.full((1, 1, 1, 1), float(which)) for which in (3, 3, 1, 4, 3, 1)]
    found = average_crops(planted, crops, at_once=4)
    expected = torch.tensor([0, 2 / 6, 0, 3 / 6, 1 / 6], dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("at_once", [1, 4])
def test_crops_are_taken_as_they_are_needed(at_once):
    """Of a film of many crops, no more than `at_once` wait to be read."""
    waiting, most = 0, 0

    def crops():
        nonlocal waiting, most
        for _ in range(10):
            waiting += 1
            most = max(most, waiting)
            yield torch.zeros(1, 1, 2, 2)

    def network(clips):
        nonlocal waiting
        waiting -= len(clips)
        return torch.zeros(len(clips), 2)

    average_crops(network, crops(), at_once)
    assert (waiting, most) == (0, at_once)


def test_what_cannot_be_is_named():
    with pytest.raises(ValueError, match="no crop: expected one at least"):
        average_crops(nn.Flatten(), [])
    with pytest.raises(ValueError, match="at_once=0, expected at least 1"):
        average_crops(nn.Flatten(), [torch.zeros(1, 1, 1, 1)], 0)
