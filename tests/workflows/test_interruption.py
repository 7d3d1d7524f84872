"""Signals as requests, and as exceptions."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest

from nntrain.errors import Interrupted
from nntrain.workflows.run.interruption import Interruption, Rehearsal, Terminated, signal_of, terminable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers that a program starts with, and those of before afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_signal_is_a_request() -> None:
    with Interruption() as interruption:
        assert not interruption.asked()
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked()
        assert interruption.signal == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_ctrl_c_is_an_exception() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # impatient, but no person
        assert interruption.signal == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_what_is_over_hears_nothing() -> None:
    with Interruption() as interruption:
        interruption.is_over = True
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert not interruption.asked()


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Interruption() as interruption, terminable():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert not interruption.asked()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_threads_leave_signals_alone() -> None:
    def enter() -> None:
        with Interruption(), terminable():
            found.append(signal.getsignal(signal.SIGINT))

    found: list[object] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_a_rehearsal_comes_after_so_many_batches() -> None:
    rehearsal = Rehearsal(3)
    assert [rehearsal.asked() for _ in range(4)] == [False, False, True, True]
    assert rehearsal.took_place
    never = Rehearsal(None)
    assert not any(never.asked() for _ in range(100))


def test_a_real_signal_comes_before_a_rehearsal() -> None:
    with Rehearsal(2) as rehearsal:
        signal.raise_signal(signal.SIGTERM)
        assert [rehearsal.asked() for _ in range(3)] == [True, True, True]
    assert not rehearsal.took_place
    assert rehearsal.signal == signal.SIGTERM


def test_sigterm_as_an_exception() -> None:
    with terminable():
        with pytest.raises(Terminated) as terminated:
            signal.raise_signal(signal.SIGTERM)
        assert signal_of(terminated.value) == signal.SIGTERM
    with pytest.raises(Interrupted) as interrupted, terminable():
        signal.raise_signal(signal.SIGTERM)
    assert interrupted.value.exit_code == 143
    assert signal_of(interrupted.value) == signal.SIGTERM
    assert signal_of(KeyboardInterrupt()) == signal.SIGINT
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_training_inside_a_search_hears_sigterm_first() -> None:
    with terminable(), Interruption() as interruption:
        signal.raise_signal(signal.SIGTERM)
        assert interruption.asked()


def test_a_closed_terminal_is_as_sigterm() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGHUP)
        assert interruption.signal == signal.SIGHUP
    with pytest.raises(Interrupted) as interrupted, terminable():
        signal.raise_signal(signal.SIGHUP)
    assert interrupted.value.exit_code == 129
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_puts_things_in_order_is_not_interrupted_itself(number: int) -> None:
    done = []
    with pytest.raises((KeyboardInterrupt, Interrupted)), terminable():  # noqa: PT012
        try:
            signal.raise_signal(number)
        finally:
            for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.raise_signal(other)
            done.append(True)
    assert done == [True]
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:  # noqa: PT012
        signal.raise_signal(number)
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            assert interruption.at_once


def test_what_is_begun_while_an_earlier_interruption_is_handled_can_be_interrupted() -> None:
    try:
        raise Interrupted("interrupted after epoch 3")
    except Interrupted:  # nntrain.resume(...)
        with pytest.raises(KeyboardInterrupt), terminable():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), Interruption():  # noqa: PT012
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)


def test_what_a_signal_was_made_into_is_still_an_interruption() -> None:
    with pytest.raises(Interrupted) as interrupted, terminable():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("as some modules do") from None
    assert interrupted.value.signal == signal.SIGTERM
    with pytest.raises(ImportError), terminable():
        raise ImportError("no signal was there")


def wait_for_ever() -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.001)


def test_an_import_is_not_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes once more when the module is there."""
    (tmp_path / "slow_module.py").write_text(
        "import signal, time\nsignal.raise_signal(signal.SIGTERM)\ntime.sleep(0.05)\nended = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Interrupted) as interrupted, terminable():  # noqa: PT012
        import slow_module  # type: ignore[import-not-found]

        assert slow_module.ended
        wait_for_ever()
    assert interrupted.value.signal == signal.SIGTERM


def test_pydantic_does_not_take_a_signal_for_a_wrong_value() -> None:
    checked = []

    class Model(pydantic.BaseModel):
        value: int

        @pydantic.field_validator("value")
        @classmethod
        def check(cls, value: Any) -> Any:
            signal.raise_signal(signal.SIGHUP)
            checked.append(value)
            return value

    with pytest.raises(Interrupted) as interrupted, terminable():  # noqa: PT012
        Model(value=1)
        assert checked == [1]
        wait_for_ever()
    assert interrupted.value.signal == signal.SIGHUP
