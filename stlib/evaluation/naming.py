"""How well clips are named."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from stlib import metrics

__all__ = ["naming_scores"]

MANY = 10  # classes, beyond which five answers are not half of them


def naming_scores(
    logits: Float[Tensor, "clips classes"], labels: Int[Tensor, " clips"], classes: Sequence[str]
) -> dict[str, Any]:
    """What logits say of clips whose classes are known.

    Args:
        logits: one row a clip.
        labels: the classes that they show.
        classes: their names.

    Returns:
        The names of the classes; the accuracy, overall and by class (null where no clip shows it),
        both from 0 to 1; the mean cross-entropy; and for each clip its class, the class that the
        network gives it, and how sure it is of that. Of more than ten classes also how often the
        right one is among the five most likely.

    Raises:
        ValueError: labels that no logit stands for.

    Source: Su et al., Tables 1 and 2, Figure 4; Miao et al., Tables 3 and 4.
    """
    by_class = metrics.accuracy_by_class(logits, labels)
    many = {}
    if len(classes) > MANY:
        many["accuracy_top_5"] = round(metrics.top_accuracy(logits, labels), 6)
    return {
        "classes": list(classes),
        "accuracy": round(metrics.accuracy(logits, labels), 6),
        **many,
        "accuracy_by_class": [None if x.isnan() else round(float(x), 6) for x in by_class],
        "cross_entropy": round(float(F.cross_entropy(logits, labels)), 6),
        "labels": labels.tolist(),
        "named": logits.argmax(dim=1).tolist(),
        "confidence": [round(x, 4) for x in metrics.confidence(logits).tolist()],
    }
