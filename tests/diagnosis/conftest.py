"""Every test here works in a directory of its own."""

import pytest


@pytest.fixture(autouse=True)
def _in_workdir(workdir: object) -> None:
    """Relative paths lead into the test's own directory."""
