"""docs/config.md is written from the models, and is current."""

from pathlib import Path

from nntrain.config.reference import reference
from tests.config.conftest import Errors
from tests.config.test_mistakes import TWO_MISTAKES

DOCS = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_reference_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference(), "run: python -m nntrain.config.reference > docs/config.md"


def test_every_section_has_a_heading() -> None:
    text = reference()
    for heading in ("data", "data.split", "network", "initializer", "loss", "early_stopping", "search.space"):
        assert f"# `{heading}`\n" in text


def test_every_link_has_its_heading() -> None:
    import re

    text = reference()
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).replace(" ", "-") for line in text.splitlines() if line[:1] == "#"
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings


def test_the_mistakes_in_the_reference_are_what_the_program_says(errors: Errors) -> None:
    assert errors(TWO_MISTAKES).replace("a.yaml", "configs/iris.yaml") in reference()
