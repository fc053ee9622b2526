"""Foretelling how a clip goes on and naming what it shows, learnt together.

The network reads the beginning of a clip, foretells what follows, and names the whole from what it
has in mind when the beginning is over: ``network.classify(state)``. Its forecast is not needed for
the name; what is to be learnt is that foretelling teaches it to see.
"""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stlib.rollout import Network, unroll
from stlib.sampling import teacher_forcing

__all__ = ["Recognized", "classify", "joint_loss", "recognize", "weight_on_plateau"]


class Recognized(NamedTuple):
    """What a network makes of clips whose beginning it has read.

    Attributes:
        predictions: one for every step, ``[batch, steps, channel, height, width]``.
        logits: one for every class, ``[batch, classes]``.

    Source: this book.
    """

    predictions: Float[Tensor, "_batch _steps _channel _height _width"]
    logits: Float[Tensor, "_batch _classes"]


def recognize(
    network: Network,
    classifier: Any,
    frames: Float[Tensor, "batch _time channel height width"],
    truth: Bool[Tensor, "batch steps"],
    context: int,
) -> Recognized:
    """Predict as `stlib.rollout.rollout` does, and name the clip after the context.

    Args:
        network: ``(frame, state) -> (frame, state)``; the first state is ``None``.
        classifier: ``state -> logits``, such as ``network.classify``.
        frames: the real ones, see `stlib.rollout.unroll`.
        truth: true where a step reads the real frame; its first column is all true.
        context: steps after which the clip is named.

    Raises:
        ValueError: a context that is not within the steps, or what `unroll` raises.

    Source: Su et al., section 4.1.
    """
    if not 1 <= context <= truth.shape[1]:
        raise ValueError(f"{context=}: must be from 1 to the {truth.shape[1]} steps")
    seen = unroll(network, frames, truth[:, :context])
    logits = classifier(seen.state)
    if context == truth.shape[1]:
        return Recognized(seen.predictions, logits)
    after = unroll(network, frames[:, context:], truth[:, context:], before=seen)
    return Recognized(torch.cat([seen.predictions, after.predictions], dim=1), logits)


def classify(
    network: Any, frames: Float[Tensor, "batch time channel height width"]
) -> Float[Tensor, "batch _classes"]:
    """Read frames and name the clip that they begin.

    Args:
        network: with ``classify(state)``, as `stlib.networks.ActivityNet` has it.
        frames: the beginning of each clip, one frame at least.

    Returns:
        One logit a class, ``[batch, classes]``.

    Raises:
        ValueError: no frame, or what the network raises.

    Source: Su et al., section 4.1.
    """
    batch, time = frames.shape[:2]
    return network.classify(unroll(network, frames, teacher_forcing(batch, time)).state)


def joint_loss(
    prediction: Float[Tensor, ""],
    logits: Float[Tensor, "batch _classes"],
    labels: Int[Tensor, " batch"],
    weight: float,
) -> Float[Tensor, ""]:
    """``λ · prediction + cross-entropy``, the latter averaged over the batch.

    Args:
        prediction: loss of the forecast, one of `stlib.losses`; its size decides what λ means.
        logits: one a class; compared in float32 at least.
        labels: the classes, from 0.
        weight: λ, not negative.

    Returns:
        One number.

    Raises:
        ValueError: a negative weight.

    Source: Su et al., section 4.1, loss of early activity recognition.
    """
    if not weight >= 0:
        raise ValueError(f"{weight=}: must be at least 0")
    exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return weight * prediction + F.cross_entropy(exact, labels)


def weight_on_plateau(losses: Sequence[float], weight: float, fall: float, patience: int) -> float:
    """Where λ stands: on every plateau of the validation loss it falls by ε, ``max(λ - ε, 0)``.

    A plateau is more than `patience` validations in a row that have not fallen below the best
    before them. Then λ falls and the count starts anew, the best loss staying what it was.

    Args:
        losses: of the validations done, first to last; one that is not a number is no improvement.
        weight: λ before the first plateau, not negative.
        fall: ε, not negative.
        patience: validations without improvement that are forgiven.

    Returns:
        λ for the next step.

    Raises:
        ValueError: a negative number.

    Source: Su et al., section 4.1, which prints the rule, and neither λ, ε nor what a plateau is.
    """
    if not weight >= 0 or not fall >= 0 or patience < 0:
        raise ValueError(f"{weight=}, {fall=}, {patience=}: expected none negative")
    best, waited = inf, 0
    for loss in losses:
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited > patience:
            weight, waited = max(weight - fall, 0.0), 0
    return weight
