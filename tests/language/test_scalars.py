"""Bare words are read by the core schema of YAML 1.2 (section 10.3.2 of its specification)."""

import math

import pytest

from nntrain.language.scalars import read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("012", 12),
        ("0o14", 12),
        ("0xFF", 255),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-4", 1e-4),
        ("1.0E+3", 1000.0),
        ("-.inf", -math.inf),
    ],
)
def test_a_word_with_a_meaning(text: str, value: object) -> None:
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "y", "nULL", "tRUE", "1_000", "12:30", "2024-01-01", "1e", "e5", "0b1", "0x", "--1",
     "1.2.3", "inf", "nan", "NaN", "1,5", "٣"],
)  # fmt: skip
def test_text(text: str) -> None:
    assert read_scalar(text) == text


def test_not_a_number() -> None:
    assert math.isnan(float(read_scalar(".nan") or 0))


def test_a_number_with_very_many_digits_is_a_float() -> None:
    assert read_scalar("9" * 5000) == math.inf
