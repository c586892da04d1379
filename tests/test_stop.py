"""Ctrl-C and SIGTERM: they wait for the end of what is patient, but not for ever."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from gan_bench.core import stop
from gan_bench.core.stop import Terminated, patient, terminable
from tests.conftest import Ended

BOTH = pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])


@pytest.fixture(autouse=True)
def handlers() -> None:
    """Those of a program that was just started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def wait(seconds: float = 5.0) -> None:
    """Python code, so that a signal can take effect in it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.001)


@BOTH
def test_a_signal_waits_for_the_end_of_what_is_patient(number: int, raised: type[BaseException]) -> None:
    seen = []
    with pytest.raises(raised), terminable(), patient() as has_to_stop:
        seen.append(has_to_stop())
        signal.raise_signal(number)
        seen.append(has_to_stop())
    assert seen == [False, True]


@BOTH
def test_a_signal_does_not_wait_for_ever(number: int, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop, "PATIENCE", 0.05)
    with pytest.raises(raised), terminable(), patient():
        signal.raise_signal(number)
        wait()
        pytest.fail("nothing was raised")


def test_a_second_ctrl_c_does_not_wait() -> None:
    with pytest.raises(KeyboardInterrupt), patient():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("nothing was raised")


def test_a_second_sigterm_is_the_same_end() -> None:
    """A pool of processes sends one to all others when one of them has ended."""
    reached = []
    with pytest.raises(Terminated), terminable(), patient():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        reached.append("the checkpoint")
    assert reached


def test_without_a_signal_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with terminable(), patient():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_ignored_signals_stay_ignored() -> None:
    """As in the workers of a run, where only the parent reacts to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with patient() as has_to_stop:
        signal.raise_signal(signal.SIGINT)
        assert not has_to_stop()


def test_other_threads_cannot_handle_signals() -> None:
    seen = []

    def work() -> None:
        with terminable(), patient() as has_to_stop:
            seen.append(has_to_stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.mark.parametrize(("command", "goes_on"), [("run", True), ("demo", True), ("verify", False), ("score", False)])
def test_only_what_trains_goes_on_from_a_checkpoint(cli, monkeypatch, command, goes_on):
    def stop():
        raise Terminated

    monkeypatch.setattr("gan_bench.cli.app", stop)
    more = "; the same command goes on from the last checkpoint" if goes_on else ""
    assert cli(command) == Ended(143, "", f"gan-bench: stopped by SIGTERM{more}.\n")
