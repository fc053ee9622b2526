"""All time steps: the only loop over time.

Step t reads frame t and predicts frame t + 1. Whether it reads the real frame or the network's own
prediction of it, the truth matrix says: `stlib.sampling`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stlib.sampling import inference

__all__ = ["Network", "Rollout", "forecast", "rollout", "unroll"]

# Read one frame and the state before it; write the next frame and the state after.
Network: TypeAlias = Callable[[Tensor, Any], tuple[Tensor, Any]]


class Rollout(NamedTuple):
    """What some steps left behind: enough to read, and to go on from.

    Attributes:
        predictions: one for every step, ``[batch, steps, channel, height, width]``.
        state: of the network after the last step.

    Source: this book.
    """

    predictions: Float[Tensor, "_batch _steps _channel _height _width"]
    state: Any


def unroll(
    network: Network,
    frames: Float[Tensor, "_batch _time _channel _height _width"],
    truth: Bool[Tensor, "_batch _steps"],
    before: Rollout | None = None,
) -> Rollout:
    """Run the network for as many steps as `truth` has columns, from the start or from `before`.

    Args:
        network: ``(frame, state) -> (frame, state)``; the first state is ``None``.
        frames: the real ones; step t may read ``frames[:, t]``. There may be more than steps, and
            fewer where `truth` asks for none.
        truth: step t of sample b reads the real frame where ``truth[b, t]``, elsewhere what the
            network predicted in the step before. On the CPU it is checked without a wait.
        before: earlier steps to continue; their last prediction is what step 0 may read.

    Returns:
        The predictions of frames 1 … steps, and the state.

    Raises:
        ValueError: no step; a batch that does not fit; a first step without a real frame or
            `before`; a real frame asked for that is not there; or a prediction that is no frame.

    Source: this book, chapter 6.
    """
    _check(frames, truth, before)
    prediction, state = None, None
    if before is not None:
        prediction, state = before.predictions[:, -1], before.state
    truth = truth.to(frames.device)
    predictions = []
    for t in range(truth.shape[1]):
        x = _read(frames, truth, t, prediction)
        prediction, state = network(x, state)
        if prediction.shape != x.shape:
            raise ValueError(
                f"the network predicted {tuple(prediction.shape)} from {tuple(x.shape)}: "
                "they must be the same"
            )
        predictions.append(prediction)
    return Rollout(torch.stack(predictions, dim=1), state)


def rollout(
    network: Network,
    frames: Float[Tensor, "batch _time channel height width"],
    truth: Bool[Tensor, "batch steps"],
) -> Float[Tensor, "batch steps channel height width"]:
    """Predict frames 1 … steps, reading what `truth` says.

    To train on a clip of T frames take T - 1 steps; the targets are ``frames[:, 1:]``.

    Args:
        network: ``(frame, state) -> (frame, state)``; the first state is ``None``.
        frames: the real ones, see `unroll`.
        truth: true where a step reads the real frame; its first column is all true.

    Returns:
        ``[batch, steps, channel, height, width]``; entry t is the prediction of frame t + 1.

    Raises:
        ValueError: what `unroll` raises.

    Source: this book, chapter 6.
    """
    return unroll(network, frames, truth).predictions


def forecast(
    network: Network, frames: Float[Tensor, "batch _time channel height width"], horizon: int
) -> Float[Tensor, "batch _horizon channel height width"]:
    """Read all the frames given, then continue them.

    Gradients are kept; wrap the call in ``torch.no_grad()`` where they are not wanted.

    Args:
        network: ``(frame, state) -> (frame, state)``; the first state is ``None``.
        frames: the context, one frame at least.
        horizon: how many frames to predict, one at least.

    Returns:
        The `horizon` frames that follow, ``[batch, horizon, channel, height, width]``.

    Raises:
        ValueError: no frame, a horizon below 1, or what `unroll` raises.

    Source: this book, chapter 6.
    """
    batch, context = frames.shape[:2]
    if context < 1 or horizon < 1:
        raise ValueError(f"{context} frames, {horizon=}: both must be at least 1")
    truth = inference(batch, context + horizon - 1, context)
    return rollout(network, frames, truth)[:, context - 1 :]


def _read(frames: Tensor, truth: Tensor, t: int, prediction: Tensor | None) -> Tensor:
    if prediction is None:
        return frames[:, t]
    if t >= frames.shape[1]:
        return prediction
    return torch.where(truth[:, t, None, None, None], frames[:, t], prediction)


def _still(frames: Tensor) -> tuple[int, ...]:
    """Every size but time's."""
    batch, _, *frame = frames.shape
    return batch, *frame


def _check(frames: Tensor, truth: Tensor, before: Rollout | None) -> None:
    if truth.dtype != torch.bool:
        raise ValueError(f"truth is {truth.dtype}, must be torch.bool")
    if truth.shape[0] != frames.shape[0] or truth.shape[1] < 1:
        raise ValueError(
            f"truth is {tuple(truth.shape)}: need one row for each of {frames.shape[0]} samples, "
            "and one column at least"
        )
    if before is None and not bool(truth[:, 0].all()):
        raise ValueError("truth is not true throughout its first column: nothing else to read yet")
    if before is not None and _still(before.predictions) != _still(frames):
        raise ValueError(
            f"before predicted {tuple(before.predictions.shape)}, frames are "
            f"{tuple(frames.shape)}: all but time must agree"
        )
    if bool(truth[:, frames.shape[1] :].any()):
        raise ValueError(f"truth asks for a real frame beyond the {frames.shape[1]} given")
