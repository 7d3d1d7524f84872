"""What was probably meant by a word."""

import pytest

from nntrain.config.vocabulary import VOCABULARY
from nntrain.language.suggest import near, same


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("learning_rat", ["momentum", "learning_rate"], "learning_rate"),
        ("learningRate", ["momentum", "learning_rate"], "learning_rate"),
        ("LEARNING-RATE", ["momentum", "learning_rate"], "learning_rate"),
        ("lr", ["momentum", "learning_rate"], "learning_rate"),
        ("sdg", ["sgd", "adam"], "sgd"),
        ("xavier", ["glorot_normal", "glorot_uniform"], "glorot_uniform"),
        ("BCE", ["cross_entropy", "binary_cross_entropy"], "binary_cross_entropy"),
        ("colour", ["epochs", "batch_size"], None),
        ("lr", ["epochs"], None),
        ("x", ["l1", "l2"], None),
        ("", ["l1"], None),
        (3, ["3"], None),
        (None, ["none"], None),
        ("a" * 10_000, ["aaa"], None),
    ],
)
def test_the_nearest_word(word: object, known: list[str], meant: str | None) -> None:
    assert near(word, known, VOCABULARY.aliases) == meant


def test_spelling_alone_does_not_make_words_the_same() -> None:
    assert same("epoch", ["epochs"], VOCABULARY.aliases) is None
    assert same("Epochs", ["epochs"], VOCABULARY.aliases) == "epochs"
