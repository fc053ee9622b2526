"""Annotated shapes are checked in every test: pyproject.toml turns jaxtyping and beartype on."""

import pytest
import torch
from jaxtyping import TypeCheckError

from stlib.tensor_train import correlate


def test_a_wrong_shape_is_refused():
    with pytest.raises(TypeCheckError, match="x"):
        correlate(torch.zeros(2, 8, 8), torch.zeros(1, 2, 3, 3))
