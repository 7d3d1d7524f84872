"""What a document of a run may take: it is bounded before it is read, and not written beyond that."""

import time
import tracemalloc
from pathlib import Path

import pytest

from nntrain.errors import RunError
from nntrain.runs import jsonfile
from nntrain.runs.files import Damage
from tests.run_directories import create_run

TOO_MANY = "holds more than 2,097,152 values, which no run writes"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"a": [' + b"[]," * 3_000_000 + b"[]]}", TOO_MANY),
        (b'{"a": [' + b'{"b": 1},' * 3_000_000 + b"1]}", TOO_MANY),
        (b'{"a": [' + b"1," * 3_000_000 + b"1]}", TOO_MANY),
        (b'{"a": "' + b"x" * (1 << 25) + b'"}', "is larger than 33,554,432 bytes, which no run writes"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON that a run writes: Exceeds the limit"),
        (b'{"a": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", "is not JSON that a run writes"),
    ],
)
def test_it_is_bounded_before_it_is_read(content: bytes, problem: str) -> None:
    started = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(Damage, match=f"^{problem}"):
            jsonfile.decode_object(content)
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 2


def test_as_many_values_as_are_allowed_take_little_memory() -> None:
    content = b'{"a": [' + b"[]," * (jsonfile.MOST_VALUES // 2 - 10) + b"[]]}"
    tracemalloc.start()
    try:
        jsonfile.decode_object(content)
        assert tracemalloc.get_traced_memory()[1] < 300e6
    finally:
        tracemalloc.stop()


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    with pytest.raises(RunError) as caught:
        run.write_preprocess({"center": [0] * (jsonfile.MOST_VALUES + 1)})
    assert str(caught.value) == f"cannot write {run.path / 'preprocess.json'}: it {TOO_MANY}"
    assert not run.has("preprocess.json")


def test_a_run_of_a_newer_version_is_named_as_that(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    status = run.path / "status.json"
    status.write_text(status.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RunError) as caught:
        run.read_status()
    assert str(caught.value) == (
        f"{status} cannot be read: format 2 is that of a newer nntrain\n"
        "  this nntrain reads formats up to 1: use the nntrain that wrote it, or a later one"
    )
