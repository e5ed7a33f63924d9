"""The judge: what it asks, what it makes of the answers, and what of everything that can go wrong."""

import base64
import hashlib
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from PIL.JpegImagePlugin import get_sampling
from support.fake_chat_server import INPUT_TOKENS, KEY, MODEL, OUTPUT_TOKENS, Behaviour, FakeChatServer, answer
from support.waiting import until

from vmevalkit.errors import RecordError, UsageError
from vmevalkit.evaluators import _chat, _pace
from vmevalkit.evaluators.answers import answer_schema
from vmevalkit.evaluators.judge import open_judge
from vmevalkit.evaluators.options import JudgeOptions
from vmevalkit.evaluators.rubrics import RUBRICS
from vmevalkit.replies import retry_after

B = Behaviour


def scores(*values, **others):
    """Answer with these scores, one after the other."""
    return lambda asked, number: answer(values[number], **others)


# What is asked


def test_it_shows_the_question_the_solution_and_the_film_in_the_order_of_time(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server, frames=4).evaluate(item)
    (asked,) = server.asked
    assert len(asked.images) == 2 + 4
    assert [image.getpixel((120, 48))[2] > 215 for image in asked.images] == [True, False, True, True, True, False]
    assert any("Let the bar grow." in text for text in asked.texts)
    assert any(RUBRICS["maze"].text() in text for text in asked.texts)
    frames = [text for text in asked.texts if text.startswith("Frame ")]
    assert [line.partition(",")[0] for line in frames] == [f"Frame {number} of 4" for number in (1, 2, 3, 4)]
    assert "the last of the film" in frames[-1]


def test_it_asks_for_the_answer_in_a_form_and_at_temperature_zero(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server).evaluate(item)
    body = server.asked[0].body
    assert body["temperature"] == 0
    assert body["response_format"]["json_schema"]["schema"] == answer_schema()
    assert body["response_format"]["json_schema"]["strict"] is True


def test_the_key_is_sent_to_the_server(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server).evaluate(item)
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_openais_key_is_not_sent_to_another_server(item):
    with FakeChatServer() as server:
        open_judge("mine", {"base_url": server.url}, keys={"OPENAI_API_KEY": KEY}, cache=None).evaluate(item)
    assert KEY not in str(server.asked[0].headers)


def test_without_reference_only_the_film_is_shown(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server, frames=4, reference=False).evaluate(item)
    assert len(server.asked[0].images) == 4
    assert not any("as the video model was given it" in text for text in server.asked[0].texts)


def test_the_structure_of_the_answer_can_be_left_to_the_model(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server, structured="json_object").evaluate(item)
        judge_of(server, structured="none").evaluate(item)
    assert server.asked[0].body["response_format"] == {"type": "json_object"}
    assert "response_format" not in server.asked[1].body


def test_fields_can_be_added_and_left_out(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server, extra_body={"top_k": 1}, leave_out=["temperature"]).evaluate(item)
    assert server.asked[0].body["top_k"] == 1
    assert "temperature" not in server.asked[0].body


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_pictures_are_shrunk_and_the_same_every_time(item, judge_of, image_format):
    with FakeChatServer() as server:
        for _ in range(2):
            judge_of(server, max_side=64, image_format=image_format).evaluate(item)
    first, second = server.asked
    assert {image.size for image in first.images} == {(64, 48)}
    assert first.body == second.body


def test_pictures_keep_their_colours_at_full_size(item, judge_of):
    with FakeChatServer() as server:
        judge_of(server).evaluate(item)
    assert {get_sampling(image) for image in server.asked[0].images} == {0}  # 4:4:4


# What comes of the answers


def test_a_good_answer_is_a_score_with_its_evidence(item, judge_of):
    with FakeChatServer(answers=scores(4, way=3, confidence=0.75)) as server:
        verdict = judge_of(server, frames=4).evaluate(item)
    assert (verdict.status, verdict.score, verdict.explanation) == ("scored", 4, "It is a 4.")
    assert verdict.dimensions == {"solution": 4, "givens": 5, "way": 3, "confidence": 0.75}
    assert not verdict.needs_review
    judge = verdict.judge
    assert (judge.model, judge.agreement, len(judge.answers)) == (MODEL, 1.0, 1)
    assert judge.votes == [4]
    urls = [p["image_url"]["url"] for p in server.asked[0].body["messages"][1]["content"] if p["type"] == "image_url"]
    sent = [hashlib.sha256(base64.b64decode(url.partition(",")[2])).hexdigest() for url in urls]
    assert list(judge.frames) == sent
    assert judge.prompt_sha256 == hashlib.sha256("\n\n".join(server.asked[0].texts).encode()).hexdigest()


@pytest.mark.parametrize("around", [B.IN_PROSE, B.THINKING])
def test_words_around_the_answer_are_passed_over(item, judge_of, around):
    with FakeChatServer(around) as server:
        verdict = judge_of(server).evaluate(item)
    assert (verdict.score, len(server.asked)) == (5, 1)


@pytest.mark.parametrize("wrong", [B.WRONG_JSON, B.TEXT, B.TWO, B.CUT_OFF])
def test_an_answer_of_another_form_is_asked_for_once_more(item, judge_of, wrong):
    with FakeChatServer(wrong) as server:
        verdict = judge_of(server).evaluate(item)
    assert verdict.score == 5
    assert len(server.asked) == len(server.billed) == 2
    *_, spoken, complaint = server.asked[1].body["messages"]
    assert (spoken["role"], complaint["role"]) == ("assistant", "user")
    assert spoken["content"] == verdict.judge.rejected[0]
    assert "cannot be used" in complaint["content"]


def test_what_is_wrong_with_the_answer_is_said(item, judge_of):
    with FakeChatServer(B.WRONG_JSON) as server:
        judge_of(server).evaluate(item)
    assert "score: Input should be less than or equal to 5" in server.asked[1].texts[-1]


@pytest.mark.parametrize("wrong", [B.WRONG_JSON, B.TEXT, B.TWO, B.CUT_OFF])
def test_twice_another_form_is_an_error_with_the_raw_text(item, judge_of, wrong):
    with FakeChatServer(then=wrong) as server:
        verdict = judge_of(server).evaluate(item)
    assert (verdict.status, verdict.score, verdict.retryable) == ("error", None, False)
    assert len(server.asked) == 2
    assert len(verdict.judge.answers) == 2
    assert all(verdict.judge.answers)


@pytest.mark.parametrize(
    ("behaviour", "beginning"),
    [(B.REFUSAL, "refused: I'm sorry"), (B.FILTERED, "content filter"), (B.FILTERED_REQUEST, "content filter")],
)
def test_a_refusal_is_an_error_and_no_score(item, judge_of, behaviour, beginning):
    with FakeChatServer(then=behaviour) as server:
        verdict = judge_of(server).evaluate(item)
    assert (verdict.status, verdict.score, verdict.retryable) == ("error", None, False)
    assert verdict.explanation.startswith(beginning)
    assert len(server.asked) == 1


# Votes


def test_repeats_are_votes(item, judge_of):
    with FakeChatServer(answers=scores(4, 2, 4)) as server:
        verdict = judge_of(server, repeats=3).evaluate(item)
    assert (verdict.score, verdict.judge.agreement, verdict.needs_review) == (4, pytest.approx(2 / 3), True)
    assert len(verdict.judge.answers) == len(server.billed) == 3
    assert verdict.explanation == "It is a 4."


def test_each_frame_can_have_a_vote_of_its_own(item, judge_of):
    with FakeChatServer(answers=scores(1, 3, 5)) as server:
        verdict = judge_of(server, per="frames", sampling="last", frames=3, vote="max").evaluate(item)
    assert verdict.score == 5
    assert [len(asked.images) for asked in server.asked] == [3, 3, 3]
    assert all("a single frame of the film" in " ".join(asked.texts) for asked in server.asked)


def test_one_vote_that_is_not_given_leaves_no_score(item, judge_of):
    with FakeChatServer(B.GOOD, B.REFUSAL) as server:
        verdict = judge_of(server, repeats=3).evaluate(item)
    assert (verdict.status, verdict.score) == ("error", None)
    assert len(server.asked) == 2


# What it costs


def test_the_cost_is_counted_from_the_tokens(item, judge_of):
    with FakeChatServer(B.TEXT) as server:
        verdict = judge_of(server, usd_per_million_input=2.5, usd_per_million_output=10).evaluate(item)
    assert verdict.cost_usd == pytest.approx(2 * (INPUT_TOKENS * 2.5 + OUTPUT_TOKENS * 10) / 1e6)
    assert (verdict.judge.input_tokens, verdict.judge.output_tokens) == (2 * INPUT_TOKENS, 2 * OUTPUT_TOKENS)


def test_an_error_has_its_cost_too(item, judge_of):
    with FakeChatServer(then=B.REFUSAL) as server:
        verdict = judge_of(server, usd_per_million_input=1, usd_per_million_output=0).evaluate(item)
    assert verdict.cost_usd == pytest.approx(INPUT_TOKENS / 1e6)


def test_without_prices_nobody_knows_the_cost(item, judge_of):
    with FakeChatServer() as server:
        assert judge_of(server).evaluate(item).cost_usd is None


def test_the_list_price_is_that_of_openai_alone():
    assert JudgeOptions().prices == (2.5, 10.0)
    assert JudgeOptions(base_url="http://localhost:8000/v1").prices is None
    assert JudgeOptions(model="another").prices is None


# What goes wrong


@pytest.mark.parametrize("passing", [B.RATE_LIMITED, B.DOWN, B.OVERLOADED, B.DISCONNECT, B.LOST, B.NO_COMPLETION])
def test_what_passes_is_tried_again_and_paid_once(item, judge_of, passing):
    with FakeChatServer(passing, passing) as server:
        verdict = judge_of(server).evaluate(item)
    assert verdict.score == 5
    assert len(server.asked) == 3
    assert len(server.billed) == 1


def test_an_answer_that_takes_too_long_is_asked_for_again(item, judge_of):
    with FakeChatServer(B.SLOW) as server:
        verdict = judge_of(server, timeout=0.5).evaluate(item)
    assert verdict.score == 5
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("lasting", "said"),
    [
        (B.RATE_LIMITED, "status 429: slow down"),
        (B.DOWN, "status 500: something broke"),
        (B.DISCONNECT, "no connection"),
        (B.SLOW, "no answer within 0.5 s"),
    ],
)
def test_what_does_not_pass_is_an_error_for_another_time(item, judge_of, lasting, said):
    with FakeChatServer(then=lasting) as server:
        verdict = judge_of(server, timeout=0.5).evaluate(item)
    assert (verdict.status, verdict.score, verdict.retryable) == ("error", None, True)
    assert said in verdict.explanation
    assert len(server.asked) == 3


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now, self.pauses = 100.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_pace, "time", clock)
    monkeypatch.setattr(_chat, "Pace", lambda per_minute, sleep: _pace.Pace(per_minute, clock.sleep))
    return clock


def test_retry_after_is_honoured(item, judge_of, clock):
    with FakeChatServer(B.RATE_LIMITED_30) as server:
        verdict = judge_of(server).evaluate(item)
    assert verdict.score == 5
    assert clock.pauses == [30]


def test_retry_after_holds_all_others_too(item, judge_of, clock):
    with FakeChatServer(B.RATE_LIMITED_30) as server:
        judge = judge_of(server, attempts=1)
        assert judge.evaluate(item).status == "error"
        assert judge.evaluate(item).status == "scored"
    assert clock.pauses == [30]


def test_retry_after_can_be_a_date(monkeypatch):
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # It pins what is written down, not the clock that servers go by.
    assert 1800 < retry_after({"retry-after": in_an_hour}) <= 3600
    assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}) == 0


def test_retry_after_that_says_nothing_is_no_wait():
    assert retry_after({"retry-after": "soon"}) is retry_after({}) is None


def test_a_server_that_wants_to_be_left_alone_for_hours_is(item, judge_of):
    with FakeChatServer(then=B.RATE_LIMITED_LONG) as server:
        verdict = judge_of(server).evaluate(item)
    assert (verdict.status, verdict.retryable, len(server.asked)) == ("error", True, 1)
    assert "7200 s" in verdict.explanation


def test_a_picture_that_the_server_does_not_take_is_an_error_of_this_film(item, judge_of):
    with FakeChatServer(B.BAD_PICTURE) as server:
        judge = judge_of(server)
        assert (judge.evaluate(item).status, judge.evaluate(item).status) == ("error", "scored")


@pytest.mark.parametrize(
    ("behaviour", "hint"),
    [
        (B.WRONG_KEY, "key"),
        (B.FORBIDDEN, "key"),
        (B.NO_CREDIT, "account"),
        (B.UNKNOWN_MODEL, "model"),
        (B.NO_SCHEMA, "structured"),
        (B.NO_TEMPERATURE, 'leave_out = ["temperature"]'),
    ],
)
def test_what_holds_for_every_film_ends_the_command(item, judge_of, behaviour, hint):
    with FakeChatServer(then=behaviour) as server:
        judge = judge_of(server)
        with pytest.raises(UsageError) as caught:
            judge.evaluate(item)
        with pytest.raises(UsageError):
            judge.evaluate(item)
    assert hint in caught.value.hint
    assert "[evaluators.GPT4OEvaluator]" in caught.value.hint
    assert KEY not in caught.value.message + caught.value.hint
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_ends_the_command(item, judge_of):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        judge = open_judge("mine", {"base_url": address, "attempts": 2, "backoff": 0.01}, keys={}, cache=None)
        with pytest.raises(UsageError) as caught:
            judge.evaluate(item)
    assert address in caught.value.hint


def test_an_address_is_told_without_user_password_and_query(item):
    address = "http://me:hunter2@127.0.0.1:9/v1?token=hunter3"
    judge = open_judge("mine", {"base_url": address, "attempts": 1}, keys={}, cache=None)
    with pytest.raises(UsageError) as caught:
        judge.evaluate(item)
    assert "is there a server at http://127.0.0.1:9/v1?" in caught.value.hint
    assert "hunter" not in caught.value.message + caught.value.hint


def test_something_that_is_no_chat_server_ends_the_command(item, judge_of):
    with FakeChatServer(then=B.NO_COMPLETION) as server, pytest.raises(UsageError, match="no chat completion"):
        judge_of(server).evaluate(item)


def test_a_server_that_goes_away_is_an_error_for_another_time(item, judge_of, asking_about):
    with FakeChatServer() as server:
        judge = judge_of(server)
        assert judge.evaluate(item).status == "scored"
    verdict = judge.evaluate(asking_about("another task"))
    assert (verdict.status, verdict.retryable) == ("error", True)


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_film_that_cannot_be_decoded_is_an_error_and_nobody_is_asked(item, judge_of, tmp_path, content):
    (tmp_path / "film.mp4").write_bytes(content)
    with FakeChatServer() as server:
        verdict = judge_of(server).evaluate(replace(item, video=tmp_path / "film.mp4"))
    assert (verdict.status, verdict.score, verdict.judge) == ("error", None, None)
    assert verdict.explanation.startswith("undecodable: film.mp4")
    assert server.asked == []


def test_a_question_that_cannot_be_read_is_named(item, judge_of, tmp_path):
    question = replace(item.question, final_frame=tmp_path / "gone.png")
    with FakeChatServer() as server, pytest.raises(RecordError, match=r"gone\.png"):
        judge_of(server).evaluate(replace(item, question=question))


LONE = "\ud83d"
"""Half of a character, as JSON can say it and no file can hold it."""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"content": f"{json.dumps(answer())} {LONE}"}, "scored"),
        ({"content": json.dumps(answer(explanation=f"It is a 5 {LONE}"))}, "scored"),
        ({"content": f"nothing {LONE}"}, "error"),
        ({"content": None, "refusal": f"no {LONE}"}, "error"),
    ],
)
def test_half_a_character_in_an_answer_becomes_a_question_mark(item, judge_of, said, status):
    with FakeChatServer(says=said) as server:
        verdict = judge_of(server).evaluate(item)
    assert verdict.status == status
    kept = json.dumps([verdict.explanation, verdict.judge.model_dump()], ensure_ascii=False)
    assert "?" in kept.encode().decode()


# Closing it


@pytest.mark.parametrize("behaviour", [B.SLOW, B.DOWN, B.RATE_LIMITED_30])
def test_a_judge_that_is_closed_waits_neither_for_answers_nor_in_pauses(item, judge_of, behaviour):
    with FakeChatServer(then=behaviour) as server, ThreadPoolExecutor(1) as pool:
        judge = judge_of(server, attempts=100, backoff=60, timeout=3600)
        waiting = pool.submit(judge.evaluate, item)
        until(lambda: server.asked)
        judge.close()
        with pytest.raises(UsageError, match="was closed"):
            waiting.result(30)
        asked = len(server.asked)
        with pytest.raises(UsageError, match="was closed"):
            judge.evaluate(item)
    assert len(server.asked) == asked


# Many at once


def test_threads_share_a_judge_and_its_pace(judge_of, asking_about):
    with FakeChatServer(seconds=0.05) as server:
        judge = judge_of(server, concurrency=4, per_minute=6000)
        with ThreadPoolExecutor(judge.at_once) as pool:
            verdicts = list(pool.map(judge.evaluate, [asking_about(f"task {number}") for number in range(12)]))
    assert [verdict.score for verdict in verdicts] == [5] * 12
    assert len(server.billed) == len(server.asked) == 12
    assert 1 < server.at_once <= 4


def test_requests_are_spread_over_the_minute(clock):
    pace = _pace.Pace(per_minute=30, sleep=clock.sleep)
    for _ in range(4):
        pace.wait()
    assert clock.pauses == [2, 2, 2]


# Options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"framse": 3}, "framse: there is no such option"),
        ({"frames": 0}, "frames: "),
        ({"sampling": "best"}, "sampling: "),
        ({"vote": "mean"}, "vote: "),
        ({"base_url": "localhost:8000"}, "base_url: "),
        ({"base_url": "ftp://localhost/v1"}, "base_url: "),
        ({"base_url": "http://localhost:abc/v1"}, "base_url: "),
        ({"usd_per_million_input": 1}, "belong together"),
        ({"extra_body": {"stream": True}}, "extra_body: "),
        ({"leave_out": "messages"}, "leave_out: "),
        ({"extra_body": "{"}, "extra_body: "),
        ({"temperature": "nan"}, "temperature: "),
    ],
)
def test_a_wrong_option_is_named_with_its_table(options, named):
    with pytest.raises(UsageError) as caught:
        open_judge("lab", options, keys={"OPENAI_API_KEY": KEY}, cache=None)
    assert "[evaluators.lab]" in caught.value.message
    assert named in caught.value.message
    assert "\n" not in caught.value.message


def test_options_can_be_typed_on_a_command_line():
    typed = {"frames": "6", "reference": "false", "leave_out": "temperature, max_tokens", "extra_body": '{"top_k": 1}'}
    options = JudgeOptions.model_validate(typed)
    assert (options.frames, options.reference, options.leave_out) == (6, False, ("temperature", "max_tokens"))
    assert options.extra_body == {"top_k": 1}


@pytest.mark.parametrize("options", [{}, {"key": "LAB_KEY"}, {"key": "LAB_KEY", "base_url": "http://localhost/v1"}])
def test_a_missing_key_is_named(options):
    with pytest.raises(UsageError, match=options.get("key", "OPENAI_API_KEY")):
        open_judge("lab", options, keys={"LAB_KEY": " "}, cache=None)


def test_a_key_that_cannot_be_sent_is_named():
    with pytest.raises(UsageError, match="OPENAI_API_KEY is no key") as caught:
        open_judge("lab", {}, keys={"OPENAI_API_KEY": "sk-schlüssel"}, cache=None)
    assert "schlüssel" not in str(caught.value)


def version(**options):
    return open_judge("lab", {"base_url": "http://localhost/v1", **options}, keys={"A": "1"}, cache=None).version


OTHER_VALUES = {
    "model": "another",
    "sampling": "last",
    "frames": 3,
    "tail_seconds": 0.5,
    "reference": False,
    "per": "frames",
    "repeats": 3,
    "vote": "median",
    "temperature": 0.5,
    "max_tokens": 500,
    "structured": "none",
    "max_side": 512,
    "image_format": "png",
    "quality": 80,
    "extra_body": {"top_k": 1},
    "leave_out": ["temperature"],
}
NEUTRAL_VALUES = {
    "base_url": "http://elsewhere/v1",
    "key": "A",
    "concurrency": 9,
    "per_minute": 5,
    "timeout": 5,
    "attempts": 2,
    "backoff": 2,
}


@pytest.mark.parametrize("option", OTHER_VALUES)
def test_what_can_change_a_score_changes_the_version(option):
    assert version(**{option: OTHER_VALUES[option]}) != version()


@pytest.mark.parametrize("option", NEUTRAL_VALUES)
def test_what_cannot_change_a_score_does_not_change_the_version(option):
    assert version(**{option: NEUTRAL_VALUES[option]}) == version()


def test_prices_do_not_change_the_version():
    assert version(usd_per_million_input=1, usd_per_million_output=1) == version()


def test_every_option_is_known_to_change_the_version_or_not_to():
    prices = {"usd_per_million_input", "usd_per_million_output"}
    assert set(OTHER_VALUES) | set(NEUTRAL_VALUES) | prices == set(JudgeOptions.model_fields)


def test_another_rubric_is_another_version(monkeypatch):
    before = version()
    monkeypatch.setitem(RUBRICS, "maze", replace(RUBRICS["maze"], way="Any way."))
    assert version() != before


def test_the_documentation_lists_every_option_with_its_default():
    text = (Path(__file__).parents[2] / "docs" / "judges.md").read_text("utf-8")
    table = text.partition("## Options")[2].partition("###")[0]
    rows = dict(re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", table, re.MULTILINE))
    listed = {name: default for names, default in rows.items() for name in re.findall(r"`(\w+)`", names)}
    assert set(listed) == set(JudgeOptions.model_fields)
    defaults = JudgeOptions()
    for option in ("model", "sampling", "per", "vote", "structured"):
        assert listed[option] == f"`{getattr(defaults, option)}`"
    for option in ("frames", "tail_seconds", "repeats", "max_tokens", "max_side", "concurrency", "timeout"):
        assert float(listed[option]) == getattr(defaults, option)
