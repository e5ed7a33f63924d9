"""What has been answered is not asked again."""

import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.fake_chat_server import Behaviour, FakeChatServer, answer

from vmevalkit.errors import UsageError
from vmevalkit.evaluators._cache import AnswerCache
from vmevalkit.evaluators._chat import Reply

B = Behaviour


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "state" / "answers.sqlite"


def test_a_second_judge_asks_nothing_and_costs_nothing(item, judge_of, cache):
    with FakeChatServer() as server:
        prices = {"usd_per_million_input": 1, "usd_per_million_output": 1}
        first = judge_of(server, cache=cache, repeats=2, **prices).evaluate(item)
        second = judge_of(server, cache=cache, repeats=2, **prices).evaluate(item)
    assert len(server.asked) == 2
    assert (first.cost_usd > 0, second.cost_usd) == (True, 0.0)
    assert (second.score, second.explanation, second.judge) == (first.score, first.explanation, first.judge)


def test_what_is_known_costs_nothing_even_if_nobody_knows_the_price(item, judge_of, cache):
    with FakeChatServer() as server:
        assert judge_of(server, cache=cache).evaluate(item).cost_usd is None
        assert judge_of(server, cache=cache).evaluate(item).cost_usd == 0.0


@pytest.mark.parametrize(
    "other",
    [{"model": "another"}, {"temperature": 0.5}, {"frames": 3}, {"max_side": 64}, {"structured": "none"}],
)
def test_another_request_is_asked(item, judge_of, cache, other):
    with FakeChatServer() as server:
        judge_of(server, cache=cache).evaluate(item)
        judge_of(server, cache=cache, **other).evaluate(item)
    assert len(server.billed) == 2


def test_another_server_is_asked(item, judge_of, cache):
    with FakeChatServer() as one, FakeChatServer() as other:
        judge_of(one, cache=cache).evaluate(item)
        judge_of(other, cache=cache).evaluate(item)
        assert len(one.asked) == len(other.asked) == 1


def test_more_repeats_ask_for_the_missing_votes_only(item, judge_of, cache):
    with FakeChatServer() as server:
        judge_of(server, cache=cache, repeats=2).evaluate(item)
        judge_of(server, cache=cache, repeats=5).evaluate(item)
    assert len(server.asked) == len(server.billed) == 5


def test_the_votes_that_were_given_before_a_failure_are_kept(item, judge_of, cache):
    with FakeChatServer(B.GOOD, B.DOWN, B.DOWN, B.DOWN) as server:
        assert judge_of(server, cache=cache, repeats=3).evaluate(item).retryable
        assert judge_of(server, cache=cache, repeats=3).evaluate(item).score == 5
    assert len(server.billed) == 3
    assert len(server.asked) == 1 + 3 + 2


@pytest.mark.parametrize("behaviour", [B.TEXT, B.REFUSAL, B.FILTERED])
def test_what_was_paid_and_is_no_score_is_not_asked_again_either(item, judge_of, cache, behaviour):
    with FakeChatServer(then=behaviour) as server:
        first = judge_of(server, cache=cache).evaluate(item)
        asked = len(server.asked)
        second = judge_of(server, cache=cache).evaluate(item)
    assert len(server.asked) == asked
    assert (second.status, second.explanation, second.judge) == ("error", first.explanation, first.judge)


def test_threads_with_the_same_question_ask_once(item, judge_of, cache):
    with FakeChatServer(seconds=0.1) as server:
        judge = judge_of(server, cache=cache, concurrency=8)
        with ThreadPoolExecutor(8) as pool:
            verdicts = list(pool.map(judge.evaluate, [item] * 8))
    assert {verdict.score for verdict in verdicts} == {5}
    assert len(server.asked) == 1


def test_it_can_be_deleted(item, judge_of, cache):
    with FakeChatServer() as server:
        judge_of(server, cache=cache).evaluate(item)
        for file in cache.parent.iterdir():
            file.unlink()
        assert judge_of(server, cache=cache).evaluate(item).score == 5
    assert len(server.asked) == 2


def test_a_file_that_is_no_database_is_replaced(item, judge_of, cache):
    cache.parent.mkdir()
    cache.write_bytes(b"this is no database" * 1000)
    with FakeChatServer() as server:
        for _ in range(2):
            assert judge_of(server, cache=cache).evaluate(item).score == 5
    assert len(server.asked) == 1


def test_what_another_version_has_kept_is_asked_again(item, judge_of, cache):
    with FakeChatServer() as server:
        judge_of(server, cache=cache).evaluate(item)
        AnswerCache(cache).put(server.asked[0].headers["idempotency-key"], '{"old": "form"}')
        assert judge_of(server, cache=cache).evaluate(item).score == 5
    assert len(server.asked) == 2


def test_half_a_character_that_was_kept_is_a_question_mark_when_it_is_read(item, judge_of, cache):
    with FakeChatServer() as server:
        judge_of(server, cache=cache).evaluate(item)
        said = Reply(f"{json.dumps(answer())} \ud83d", "", "stop", "m", 1, 1)
        AnswerCache(cache).put(server.asked[0].headers["idempotency-key"], said.to_text())
        verdict = judge_of(server, cache=cache).evaluate(item)
    assert (verdict.score, len(server.asked)) == (5, 1)
    assert verdict.judge.answers[0].endswith("} ?")


def test_a_place_where_nothing_can_be_kept_ends_the_command_before_anything_is_paid(item, judge_of, cache):
    cache.mkdir(parents=True)
    with FakeChatServer() as server, pytest.raises(UsageError, match=r"answers\.sqlite"):
        judge_of(server, cache=cache).evaluate(item)
    assert server.asked == []


def test_what_is_put_is_on_disk_at_once(cache):
    writer = AnswerCache(cache)
    writer.put("key", "value")
    reader = sqlite3.connect(cache)
    try:
        assert reader.execute("SELECT value FROM answers").fetchall() == [("value",)]
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        reader.close()


_WRITER = """
import sys
from pathlib import Path
from vmevalkit.evaluators._cache import AnswerCache
for number in range(15):
    cache = AnswerCache(Path(sys.argv[1]))
    cache.put(f"{sys.argv[2]}-{number}", "x" * 1000)
    assert cache.get(f"{sys.argv[2]}-{number}") == "x" * 1000
"""


def test_several_processes_share_a_file(cache):
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, cache, str(writer)]) for writer in range(3)]
    assert [writer.wait() for writer in writers] == [0] * 3
    shared = AnswerCache(cache)
    assert all(shared.get(f"{writer}-{number}") for writer in range(3) for number in range(15))


def test_an_idempotency_key_stands_for_one_request(item, judge_of, asking_about):
    with FakeChatServer(answers=lambda asked, number: answer(3)) as server:
        for one in (item, asking_about("another task"), item):
            judge_of(server, repeats=2).evaluate(one)
    keys = [asked.headers["idempotency-key"] for asked in server.asked]
    assert len(set(keys)) == 4
    assert keys[:2] == keys[4:]
