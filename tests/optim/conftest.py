"""Floating-point surprises are errors in these tests; underflow is not one."""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _strict_numbers() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):
        yield
