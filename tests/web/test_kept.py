"""What is dear to make is made once for everybody."""

import threading
from concurrent.futures import ThreadPoolExecutor

from vmevalkit.web.kept import Kept


def test_a_value_is_good_while_nothing_changes_and_a_little_longer() -> None:
    now, made = [0.0], []
    kept: Kept[int] = Kept(5, clock=lambda: now[0])

    def make() -> int:
        made.append(now[0])
        return len(made)

    seen = []
    for now[0], state in ((0.0, 1), (99.0, 1), (99.0, 2), (100.0, 3), (103.9, 3), (104.0, 3), (108.0, 4), (109.0, 4)):
        seen.append(kept.get("key", state, make))
    assert seen == [1, 1, 2, 2, 2, 3, 3, 4]


def test_keys_do_not_share_values() -> None:
    kept: Kept[str] = Kept(5)
    assert [kept.get(key, 1, lambda key=key: key * 2) for key in ("a", "b", "a")] == ["aa", "bb", "aa"]


def test_the_oldest_value_is_forgotten_first() -> None:
    kept: Kept[str] = Kept(5, entries=2, clock=lambda: 0.0)
    for key in ("a", "b", "c"):
        kept.get(key, 1, lambda: "old")
    assert [kept.get(key, 1, lambda: "new") for key in ("b", "c", "a")] == ["old", "old", "new"]


def test_one_makes_a_value_and_the_others_wait_for_it() -> None:
    kept: Kept[int] = Kept(5)
    may_go, made = threading.Event(), []

    def make() -> int:
        may_go.wait(30)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(kept.get, "key", 1, make) for _ in range(4)]
        may_go.set()
        assert [one.result() for one in asked] == [1, 1, 1, 1]
