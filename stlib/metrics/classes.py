"""How often a clip was given its right name, and how sure the answer was."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["accuracy", "accuracy_by_class", "confidence", "top_accuracy"]


def accuracy(logits: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"]) -> float:
    """The share of clips whose largest logit is that of their class.

    Args:
        logits: one a class.
        labels: the classes, from 0.

    Returns:
        From 0 to 1.

    Raises:
        ValueError: no clip, or a label without a logit.

    Source: Su et al., Table 2, there in percent.
    """
    return float(_right(logits, labels).mean())


def accuracy_by_class(
    logits: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"]
) -> Float[Tensor, " classes"]:
    """The accuracy among the clips of each class, its recall.

    Args:
        logits: one a class.
        labels: the classes, from 0.

    Returns:
        ``[classes]``, from 0 to 1; NaN for a class that no clip shows.

    Raises:
        ValueError: no clip, or a label without a logit.

    Source: Su et al., Table 1, there in percent and for groups of classes.
    """
    zeros = torch.zeros(logits.shape[1], dtype=torch.float64, device=logits.device)
    right = _right(logits, labels)
    hits = zeros.index_add(0, labels, right)
    return hits / zeros.index_add(0, labels, torch.ones_like(right))


def top_accuracy(
    logits: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], top: int = 5
) -> float:
    """The share of clips whose class has one of the largest logits.

    Args:
        logits: one a class.
        labels: the classes, from 0.
        top: how many answers are allowed.

    Returns:
        From 0 to 1.

    Raises:
        ValueError: no clip, a label without a logit, or more answers than classes.

    Source: Miao et al., Table 3, "Top-5", there in percent.
    """
    if not 1 <= top <= logits.shape[1]:
        raise ValueError(f"{top=}: expected 1 to the {logits.shape[1]} classes")
    _right(logits, labels)  # says what is wrong with the labels
    named = logits.topk(top, dim=1).indices
    return float((named == labels[:, None]).any(1).double().mean())


def confidence(logits: Float[Tensor, "batch _classes"]) -> Float[Tensor, " batch"]:
    """The probability that the network gives its own answer.

    Args:
        logits: one a class.

    Returns:
        ``[batch]``, above 0 and up to 1.

    Source: Su et al., Figure 4.
    """
    return logits.softmax(dim=1).amax(dim=1)


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    classes = logits.shape[1]
    if not len(labels) or int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(f"labels={labels.tolist()}: expected one at least, each below {classes}")
    return (logits.argmax(dim=1) == labels).double()
