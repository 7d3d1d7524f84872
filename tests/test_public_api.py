"""`import nntrain`: the promised names, loaded when they are used."""

import subprocess
import sys

import pytest

import nntrain

HEAVY = ("numpy", "pydantic", "rich", "typer", "yaml")


def test_import_is_cheap() -> None:
    code = f"import sys, nntrain; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", nntrain.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    value = getattr(nntrain, name)
    assert callable(value) or name == "__version__"
    assert getattr(nntrain, name) is value
    assert name in dir(nntrain)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'nntrain' has no attribute 'fti'"):
        nntrain.__getattr__("fti")
