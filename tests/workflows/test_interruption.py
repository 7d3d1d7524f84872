"""Signals as requests, and as exceptions."""

import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from nntrain.errors import Interrupted
from nntrain.workflows.interruption import Interruption, Rehearsal, Terminated, signal_of, terminable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers that a program starts with, and those of before afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
