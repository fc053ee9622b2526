"""Who feeds each step: the real frame, or the network's own last output.

A truth matrix ``truth[b, t]`` answers for sample b at step t; step t reads frame t and predicts
frame t + 1. The matrices differ only after the first frame, which is always true: there is no
output before it. The probabilities that some of them need are schedules, pure functions of how
much training has gone by. All counts start at 0.

The random matrices draw one number for every entry, whatever the probability. From the same state
of the generator a larger probability therefore only adds true entries.
"""

from collections.abc import Sequence
from math import exp, inf
from typing import NamedTuple

import torch
from jaxtyping import Bool
from torch import Generator, Tensor

__all__ = [
    "ReverseChances",
    "curriculum",
    "inference",
    "linear_by_epoch",
    "linear_by_iteration",
    "on_plateau",
    "reverse",
    "reverse_chances",
    "scheduled",
    "teacher_forcing",
]


class ReverseChances(NamedTuple):
    """Probabilities of reading a real frame under reverse scheduled sampling.

    Attributes:
        context: while the real frames would also be known at test time.
        forecast: afterwards.

    Source: Wang et al., *PredRNN-V2*, 2022.
    """

    context: float
    forecast: float


def teacher_forcing(batch: int, steps: int) -> Bool[Tensor, "batch steps"]:
    """Every step reads the real frame.

    Args:
        batch: samples.
        steps: of the rollout.

    Returns:
        ``[batch, steps]``, all true.

    Raises:
        ValueError: no sample or no step.

    Source: Williams and Zipser, 1989.
    """
    return inference(batch, steps, context=steps)


def inference(batch: int, steps: int, context: int) -> Bool[Tensor, "batch steps"]:
    """Real frames as far as they are known, own outputs from there on.

    Args:
        batch: samples.
        steps: of the rollout.
        context: real frames at the start, at least 1 and at most `steps`.

    Returns:
        ``[batch, steps]``, true in the first `context` columns.

    Raises:
        ValueError: no sample, no step, or a context that does not fit.

    Source: this book, chapter 6.
    """
    _check_size(batch, steps, context)
    return (torch.arange(steps) < context).repeat(batch, 1)


def scheduled(
    batch: int, steps: int, context: int, p: float, generator: Generator
) -> Bool[Tensor, "batch steps"]:
    """After the context, every sample and step reads the real frame with probability p.

    Args:
        batch: samples.
        steps: of the rollout.
        context: real frames at the start, at least 1 and at most `steps`.
        p: 1 is teacher forcing, 0 is inference.
        generator: draws ``batch · steps`` numbers.

    Returns:
        ``[batch, steps]``.

    Raises:
        ValueError: no sample, no step, a context that does not fit, or no probability.

    Source: Bengio et al., *Scheduled Sampling*, 2015; drawn anew for every sample and step.
    """
    return reverse(batch, steps, context, ReverseChances(1.0, p), generator)


def reverse(
    batch: int, steps: int, context: int, chances: ReverseChances, generator: Generator
) -> Bool[Tensor, "batch steps"]:
    """Own outputs also within the context: the network must learn to look back for what is missing.

    Args:
        batch: samples.
        steps: of the rollout.
        context: steps that read with probability ``chances.context``, the first of them surely.
        chances: see `reverse_chances`; ``(1.0, 0.0)`` is inference.
        generator: draws ``batch · steps`` numbers.

    Returns:
        ``[batch, steps]``.

    Raises:
        ValueError: no sample, no step, a context that does not fit, or no probability.

    Source: Wang et al., *PredRNN-V2*, 2022.
    """
    known = inference(batch, steps, context)
    for name, p in zip(chances._fields, chances, strict=True):
        if not 0 <= p <= 1:
            raise ValueError(f"{name} {p=}: a probability lies in [0, 1]")
    draw = torch.rand(batch, steps, generator=generator, device=generator.device).to(known.device)
    truth = torch.where(known, draw < chances.context, draw < chances.forecast)
    truth[:, 0] = True
    return truth


def curriculum(batch: int, steps: int, context: int, horizon: int) -> Bool[Tensor, "batch steps"]:
    """After the context, a real frame as often as needed to predict `horizon` frames ahead at most.

    A lesson of horizon 1 is teacher forcing; one that reaches the last step is inference.

    Args:
        batch: samples.
        steps: of the rollout.
        context: real frames at the start, at least 1 and at most `steps`.
        horizon: how far the last real frame may lie behind the frame predicted.

    Returns:
        ``[batch, steps]``.

    Raises:
        ValueError: no sample, no step, a context that does not fit, or a horizon below 1.

    Source: this book, chapter 6.
    """
    known = inference(batch, steps, context)
    if horizon < 1:
        raise ValueError(f"{horizon=}: must be at least 1")
    own_before = torch.arange(steps) - (context - 1)
    return known | (own_before % horizon == 0)


def linear_by_iteration(iteration: int, iterations: int) -> float:
    """Fall from 1 at the first iteration towards 0 after the last.

    Args:
        iteration: how many are done.
        iterations: in all of training.

    Returns:
        A probability.

    Raises:
        ValueError: an iteration that is none of them.

    Source: Ma et al., *MS-LSTM*; reported of its released code.
    """
    _check_among(iteration, iterations, "iteration")
    return 1 - iteration / iterations


def linear_by_epoch(epoch: int, start: int, step: float) -> float:
    """Stay at 1 until epoch `start`, then fall by `step` an epoch, down to 0.

    Args:
        epoch: how many are done.
        start: the last epoch at 1.
        step: the fall, not negative.

    Returns:
        A probability.

    Raises:
        ValueError: a negative number.

    Source: Bengio et al., *Scheduled Sampling*, 2015, linear decay.
    """
    if epoch < 0 or start < 0 or not step >= 0:
        raise ValueError(f"{epoch=}, {start=}, {step=}: none may be negative")
    return max(0.0, 1 - step * max(0, epoch - start))


def on_plateau(losses: Sequence[float], patience: int = 20, step: float = 4e-3) -> float:
    """Stay at 1 until validation stalls, then fall by `step` an epoch for good, down to 0.

    It stalls when more than `patience` epochs in a row have not fallen below the best loss before
    them. A later improvement does not bring the teacher back.

    Args:
        losses: validation losses of the epochs done, first to last; one that is not a number is
            no improvement.
        patience: epochs without improvement that are forgiven.
        step: the fall, not negative.

    Returns:
        The probability for the next epoch.

    Raises:
        ValueError: a negative number.

    Source: Su et al., section 4.1, "if the model does not improve for a few epochs"; both numbers
    are reported of the released code.
    """
    if patience < 0 or not step >= 0:
        raise ValueError(f"{patience=}, {step=}: none may be negative")
    best, waited = inf, 0
    for done, loss in enumerate(losses, start=1):
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited > patience:
            return linear_by_epoch(len(losses), done - 1, step)
    return 1.0


def reverse_chances(epoch: int, epochs: int) -> ReverseChances:
    """Three equal phases: toss a coin, approach inference, be inference.

    Within the context the probability rises from 1/2 to 1, exponentially; after it, it falls from
    1/2 to 0, linearly. Epochs or iterations: only their share of the whole counts.

    Args:
        epoch: how many are done.
        epochs: in all of training.

    Returns:
        Both probabilities.

    Raises:
        ValueError: an epoch that is none of them.

    Source: Wang et al., *PredRNN-V2*, 2022; the phases are reported of the code of Ma et al.
    """
    _check_among(epoch, epochs, "epoch")
    past = 3 * (epoch + 1) - epochs  # thirds of an epoch since the first phase ended: exact
    if past < 0:
        return ReverseChances(0.5, 0.5)
    if past < epochs:
        return ReverseChances(1 - 0.5 * exp(-5 * past / epochs), 0.5 - 0.5 * past / epochs)
    return ReverseChances(1.0, 0.0)


def _check_size(batch: int, steps: int, context: int) -> None:
    if batch < 1 or steps < 1:
        raise ValueError(f"{batch=}, {steps=}: both must be at least 1")
    if not 1 <= context <= steps:
        raise ValueError(f"{context=}: must be from 1 to the {steps} steps")


def _check_among(done: int, total: int, name: str) -> None:
    if not 0 <= done < total:
        raise ValueError(f"{name} {done} of {total}: must be from 0 to one less than {total}")
