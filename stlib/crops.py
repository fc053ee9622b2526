"""What a network makes of a film that it sees in many crops: the mean of its probabilities."""

from collections.abc import Callable, Iterable
from itertools import islice

import torch
from jaxtyping import Float64
from torch import Tensor

__all__ = ["average_crops"]


@torch.no_grad()
def average_crops(
    name: Callable[[Tensor], Tensor], crops: Iterable[Tensor], at_once: int = 1
) -> Float64[Tensor, " _classes"]:
    """The mean of the probabilities that a network gives to the crops of one film.

    Crops are taken from the iterator as they are needed: no more than `at_once` are in memory.

    Args:
        name: of a batch of clips, the logits of the classes; a network, for instance, in evaluation
            mode.
        crops: clips of equal size.
        at_once: how many the network reads together.

    Returns:
        A probability for each class.

    Raises:
        ValueError: no crop, or a number below 1.

    Source: Miao et al., section 3.2.1; that probabilities are averaged, not logits, is ours.
    """
    if at_once < 1:
        raise ValueError(f"{at_once=}, expected at least 1")
    left, summed, count = iter(crops), None, 0
    while some := list(islice(left, at_once)):
        chances = name(torch.stack(some)).double().softmax(dim=-1)
        summed = chances.sum(0) if summed is None else summed + chances.sum(0)
        count += len(some)
    if summed is None:
        raise ValueError("no crop: expected one at least")
    return summed / count
