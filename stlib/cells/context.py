"""Context embedding: what enters and what was said weigh each other before they meet."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

__all__ = ["embed_context"]


def embed_context(
    x: Float[Tensor, "batch _inputs height width"],
    h: Float[Tensor, "batch _outputs height width"],
    of_h: Callable[[Tensor], Tensor],
    of_x: Callable[[Tensor], Tensor],
    rounds: int,
) -> tuple[
    Float[Tensor, "batch _inputs height width"], Float[Tensor, "batch _outputs height width"]
]:
    """Multiply x by what is read from h, then h by what is read from that x, and so in turn.

    Each is multiplied by ``2 σ(…)``, which is 1 where nothing is read.

    Args:
        x: what enters.
        h: what was said a step before.
        of_h: a map from h to the channels of x; the same in all rounds.
        of_x: a map from x to the channels of h; the same in all rounds.
        rounds: how many; x is first, so that an odd number ends with it.

    Source: Chai et al., *CMS-LSTM*, 2022, and *MoDeRNN*, 2022.
    """
    for turn in range(rounds):
        if turn % 2 == 0:
            x = 2 * of_h(h).sigmoid() * x
        else:
            h = 2 * of_x(x).sigmoid() * h
    return x, h
