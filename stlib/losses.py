"""One loss, ℓ1 + ℓ2, in the three conventions in circulation, and the pixel it prefers.

All three add squared and absolute errors of every output (`l2_mean` only the squared ones, `l1_sum`
only the absolute ones). They differ in what divides the sum, and so in the size of the gradient
that a learning rate or a clipping threshold meets:

===================  ======================  =============  ==========================
function             summed over             averaged over  in units of `l1_l2_mean`
===================  ======================  =============  ==========================
`l1_l2_sum`          everything              nothing        B·T·C·H·W
`l1_l2_per_frame`    channel, height, width  batch, time    C·H·W
`l1_l2_mean`         nothing                 everything     1
===================  ======================  =============  ==========================

Which steps count is the caller's choice: pass the outputs that are to be scored. Half-precision
inputs are compared in float32, because a sum of thousands of small terms needs the digits.
"""

from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = [
    "PixelLoss",
    "best_constant",
    "expected_loss",
    "l1_l2_mean",
    "l1_l2_per_frame",
    "l1_l2_sum",
    "l1_sum",
    "l2_mean",
]

PixelLoss: TypeAlias = Literal["l1", "l2", "l1+l2"]
# An underscore: the name explains the axis; that both clips agree is checked by hand.
Frames: TypeAlias = Float[Tensor, "_batch _time _channel _height _width"]


def l1_l2_sum(prediction: Frames, truth: Frames) -> Float[Tensor, ""]:
    """Squared Frobenius norm plus 1-norm of the error: every element added, nothing divided.

    It grows with batch, clip and frame, so a learning rate found at one size is wrong at another.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the frames that followed, in the same shape and unit.

    Returns:
        One number.

    Raises:
        ValueError: shapes that differ; nothing is broadcast.

    Source: Su et al., section 4.1, as the paper prints it.
    """
    return _elementwise(prediction, truth).sum()


def l1_sum(prediction: Frames, truth: Frames) -> Float[Tensor, ""]:
    """1-norm of the error: every absolute difference added, nothing divided.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the frames that followed, in the same shape and unit.

    Returns:
        One number.

    Raises:
        ValueError: shapes that differ; nothing is broadcast.

    Source: Su et al., Table 8, the rows that train with ℓ1 alone.
    """
    return _error(prediction, truth).abs().sum()


def l1_l2_mean(prediction: Frames, truth: Frames) -> Float[Tensor, ""]:
    """Mean squared plus mean absolute error, over every element.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the frames that followed, in the same shape and unit.

    Returns:
        One number, whatever the size of batch, clip and frame.

    Raises:
        ValueError: shapes that differ, or no elements.

    Source: reported of the code released with Su et al., over all outputs, warm-up included.
    """
    _check_some(prediction)
    return _elementwise(prediction, truth).mean()


def l1_l2_per_frame(prediction: Frames, truth: Frames) -> Float[Tensor, ""]:
    """Squared plus absolute error, summed over a frame and averaged over frames.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the frames that followed, in the same shape and unit.

    Returns:
        One number: what an average frame costs. It grows with the frame, not with batch or clip.

    Raises:
        ValueError: shapes that differ, or no elements.

    Source: Ma et al., *MS-LSTM*; the reduction is reported of its released code.
    """
    _check_some(prediction)
    return _elementwise(prediction, truth).sum((-3, -2, -1)).mean()  # ms-eq-1


def l2_mean(prediction: Frames, truth: Frames) -> Float[Tensor, ""]:
    """Mean squared error, over every element: what most tables score.

    Args:
        prediction: ``[batch, time, channel, height, width]``.
        truth: the frames that followed, in the same shape and unit.

    Returns:
        One number, whatever the size of batch, clip and frame.

    Raises:
        ValueError: shapes that differ, or no elements.

    Source: this book, chapter 7.
    """
    _check_some(prediction)
    return (_error(prediction, truth) ** 2).mean()


def expected_loss(
    answer: Float[Tensor, "*shape"], p: Float[Tensor, "*shape"], loss: PixelLoss
) -> Float[Tensor, "*shape"]:
    """What an answer costs on average, for a pixel that will be 1 or 0.

    Args:
        answer: the predicted value of each pixel.
        p: the probability, in [0, 1], that the pixel will be 1.
        loss: ``'l1'``, ``'l2'`` or ``'l1+l2'``, the sum of both.

    Returns:
        ``p · loss(answer - 1) + (1 - p) · loss(answer)``, pixel by pixel.

    Raises:
        ValueError: a probability outside [0, 1], or an unknown loss.

    Source: this book, chapter 7.
    """
    _check_chance(p, loss)
    l1 = p * (answer - 1).abs() + (1 - p) * answer.abs()
    l2 = p * (answer - 1) ** 2 + (1 - p) * answer**2
    if loss == "l1":
        return l1
    return l2 if loss == "l2" else l1 + l2


def best_constant(p: Float[Tensor, "*shape"], loss: PixelLoss) -> Float[Tensor, "*shape"]:
    """The answer with the least `expected_loss`: where the blur of a trained network comes from.

    Under ℓ2 it is the mean, p. Under ℓ1 it is the median, 0 or 1; at p = 1/2 every answer between
    them is as good, and 1/2 is returned. Under ℓ1 + ℓ2 it is ``clip(2p - 1/2, 0, 1)``: a future
    less likely than 1/4 vanishes, one more likely than 3/4 is shown in full.

    Args:
        p: the probability, in [0, 1], that the pixel will be 1.
        loss: ``'l1'``, ``'l2'`` or ``'l1+l2'``.

    Returns:
        The best value of each pixel.

    Raises:
        ValueError: a probability outside [0, 1], or an unknown loss.

    Source: this book, chapter 7.
    """
    _check_chance(p, loss)
    if loss == "l1":
        return torch.heaviside(p - 0.5, p.new_tensor(0.5))
    return p.clone() if loss == "l2" else (2 * p - 0.5).clamp(0, 1)


def _elementwise(prediction: Frames, truth: Frames) -> Frames:
    error = _error(prediction, truth)
    return error**2 + error.abs()


def _error(prediction: Frames, truth: Frames) -> Frames:
    if prediction.shape != truth.shape:
        raise ValueError(
            f"prediction is {tuple(prediction.shape)}, truth is {tuple(truth.shape)}: "
            "they must be the same"
        )
    return _at_least_float32(prediction) - _at_least_float32(truth)


def _at_least_float32(frames: Frames) -> Frames:
    return frames.to(torch.promote_types(frames.dtype, torch.float32))


def _check_some(prediction: Frames) -> None:
    if prediction.numel() == 0:
        raise ValueError(f"prediction is {tuple(prediction.shape)}: nothing to average")


def _check_chance(p: Tensor, loss: str) -> None:
    if loss not in get_args(PixelLoss):
        raise ValueError(f"{loss=} is none of {get_args(PixelLoss)}")
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise ValueError(f"p runs from {p.min():g} to {p.max():g}: a probability lies in [0, 1]")
