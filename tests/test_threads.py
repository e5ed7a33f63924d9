"""Work in threads, with the results in the order of the items."""

import signal
from threading import Barrier, Event

import pytest

from vmevalkit.threads import ctrl_c_at_ease, in_order, meanwhile


def test_results_come_in_order_whoever_is_done_first():
    last = Event()

    def work(number: int) -> int:
        if number == 0:
            last.wait()
        if number == 2:
            last.set()
        return number

    assert list(in_order(work, range(3), workers=3)) == [0, 1, 2]


@pytest.mark.parametrize("share", [1, 2, 10, 1000])
def test_items_that_need_no_waiting_keep_their_place(share):
    found = in_order(lambda n: -n, range(1000), at_once=lambda n: n if n % share else None, window=8)
    assert list(found) == [n if n % share else -n for n in range(1000)]


def test_what_is_done_is_given_before_more_is_taken():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    found = in_order(lambda n: n, items(), at_once=lambda n: n, window=50)
    assert (next(found), taken) == (0, [0])


def test_no_more_than_a_window_is_started():
    begun, taken, full = [], 0, Event()

    def items():
        nonlocal taken
        for number in range(100):
            taken += 1
            if taken == 5:
                full.set()
            yield number

    def work(number: int) -> int:
        begun.append(number)
        assert full.wait(30)
        return number

    found = in_order(work, items(), workers=16, window=5)
    assert (next(found), taken) == (0, 5)
    found.close()
    assert len(begun) <= 5


def test_items_far_apart_are_worked_on_at_the_same_time():
    """A changed file in a hundred: the unchanged ones between them do not keep the next one from being started."""
    meet = Barrier(4, timeout=30)

    def work(number: int) -> int:
        meet.wait()
        return number

    found = in_order(work, range(400), at_once=lambda n: n if n % 100 else None, window=64)
    assert list(found) == list(range(400))


def test_results_that_wait_behind_a_slow_one_are_bounded():
    full, taken = Event(), 0

    def items():
        nonlocal taken
        for number in range(1000):
            taken += 1
            if taken == 160:
                full.set()
            yield number

    def work(number: int) -> int:
        assert full.wait(30)
        return number

    found = in_order(work, items(), at_once=lambda n: n or None, window=10)
    assert (next(found), taken) == (0, 160)
    assert list(found) == list(range(1, 1000))


def test_the_first_error_ends_it_after_the_results_before_it():
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    found = in_order(work, range(10))
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(found)


def test_a_time_out_of_the_work_itself_is_its_error():
    def work(number: int) -> int:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        next(in_order(work, range(1)))


def test_ctrl_c_is_noted_and_strikes_where_the_block_asks_for_it():
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_at_ease(lambda: done.append("told")) as check:
        check()
        signal.raise_signal(signal.SIGINT)
        done.append("went on")
        check()
        done.append("never")
    assert done == ["told", "went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_strikes_at_the_end_of_the_block_at_the_latest():
    with pytest.raises(KeyboardInterrupt), ctrl_c_at_ease(lambda: None):
        signal.raise_signal(signal.SIGINT)


def test_an_error_that_comes_of_ctrl_c_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), ctrl_c_at_ease(lambda: None):
        signal.raise_signal(signal.SIGINT)
        raise ValueError("closed")


def test_the_second_ctrl_c_strikes_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_at_ease(lambda: done.append("told")):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("never")
    assert done == ["told"]


def test_an_error_without_ctrl_c_stays_what_it_is():
    with pytest.raises(ValueError, match="mine"), ctrl_c_at_ease(lambda: None):
        raise ValueError("mine")


def test_work_beside_a_block_runs_at_the_same_time():
    meet = Barrier(2, timeout=30)
    with meanwhile(meet.wait) as other:
        mine = meet.wait()
    assert {mine, other.result()} == {0, 1}


def test_an_error_beside_a_block_is_in_the_future():
    def fail() -> None:
        raise ValueError("beside")

    with meanwhile(fail) as other:
        pass
    with pytest.raises(ValueError, match="beside"):
        other.result()
