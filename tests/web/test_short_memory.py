"""What is dear to count is remembered, but not for long and not without bound."""

from vmevalkit.web._cache import ShortMemory


def test_a_value_is_made_once_until_its_time_is_over() -> None:
    now, made = [0.0], []
    memory: ShortMemory[int] = ShortMemory(5, clock=lambda: now[0])

    def make() -> int:
        made.append(now[0])
        return len(made)

    seen = []
    for now[0] in (0.0, 4.9, 5.0, 9.9, 10.0):
        seen.append(memory.get("key", make))
    assert seen == [1, 1, 2, 2, 3]


def test_keys_do_not_share_values() -> None:
    memory: ShortMemory[str] = ShortMemory(5)
    assert [memory.get(key, lambda key=key: key * 2) for key in ("a", "b", "a")] == ["aa", "bb", "aa"]


def test_the_oldest_value_is_forgotten_first() -> None:
    memory: ShortMemory[str] = ShortMemory(5, entries=2, clock=lambda: 0.0)
    for key in ("a", "b", "c"):
        memory.get(key, lambda: "old")
    assert [memory.get(key, lambda: "new") for key in ("b", "c", "a")] == ["old", "old", "new"]
