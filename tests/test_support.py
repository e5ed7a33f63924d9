"""What the tests stand on holds: it sees what it should see, and fails where it should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import waiting
from support.folders import contents, hashes
from support.stepping import killed_at_step, spread, steps_of


def test_a_command_is_killed_before_its_last_step_and_not_after_it(tmp_path):
    def command(name: str) -> list[str]:
        place = ["--data-dir", str(tmp_path / name), "--workers", "1"]
        return ["create", "--domains", "maze", "--pairs-per-domain", "1", "--size", "256", *place]

    steps = steps_of(command("whole"), tmp_path / "whole")
    assert steps > 10
    assert killed_at_step(command("killed"), tmp_path / "killed", steps)
    assert not killed_at_step(command("late"), tmp_path / "late", steps + 1)
    assert contents(tmp_path / "late").keys() == contents(tmp_path / "whole").keys()


@given(steps=st.integers(1, 10**6), kills=st.integers(1, 50))
def test_what_is_done_between_kills_is_never_more_than_all(steps, kills):
    at = list(spread(steps, kills))
    assert len(at) == kills
    assert all(step >= 1 for step in at)
    assert sum(step - 1 for step in at) < steps


def test_files_of_the_state_folder_are_seen_only_when_asked_for(tmp_path):
    for name in ("a/b", ".vmevalkit/log"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    assert contents(tmp_path) == {"a/b": b"x"}
    assert contents(tmp_path, bookkeeping=True).keys() == {"a/b", ".vmevalkit/log"}
    assert hashes(tmp_path).keys() == {"a", "a/b"}
    assert hashes(tmp_path)["a"] == "/"


def test_who_waits_in_vain_fails_with_what_was_waited_for(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0)
    with pytest.raises(pytest.fail.Exception, match=r"0 seconds in vain: .*all\(\[False\]\)"):
        waiting.until(lambda: all([False]))
