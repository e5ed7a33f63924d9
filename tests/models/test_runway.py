"""What is special to Runway."""

import sys
from typing import Literal, get_args, get_origin, get_type_hints

import fake_runway
import pytest
from canned import Canned
from runwayml.types.image_to_video_create_params import ImageToVideoCreateParams
from support.fake_provider import KEY, Response, Scenario, ask

from vmevalkit.errors import UsageError
from vmevalkit.models import provider as errors
from vmevalkit.models.entry import ModelEntry
from vmevalkit.models.provider import VideoJob
from vmevalkit.models.runway import ENTRIES, SEEDED, RunwayProvider

JOB = VideoJob("Go.", b"a picture", 960, 960, 5, 42, "a key")

REQUESTS = {
    get_args(hints["model"])[0]: hints
    for hints in (get_type_hints(request) for request in get_args(ImageToVideoCreateParams))
}
"""The fields that the client knows for each model, with their types."""


def sent(entry: ModelEntry = ENTRIES[0]) -> dict:
    with fake_runway.Fake(Scenario.SUCCESS, b"") as fake:
        ask(RunwayProvider(entry, KEY, base_url=fake.url), lambda runway: runway.submit(JOB))
    return fake.accepted[0].json()


def polled(**fields):
    with Canned(Response.of({"id": "1", "createdAt": "2026-11-23T12:00:00Z", **fields})) as server:
        return ask(fake_runway.adapter(server.url, KEY), lambda runway: runway.poll("1"))


def test_the_names_of_the_entries_are_unique_and_begin_with_the_provider():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert all(entry.name.startswith("runway-") and entry.provider == entry.extra == "runway" for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_s_limits_and_options_are_what_the_client_knows(entry):
    request = REQUESTS[entry.model_id]
    assert {f"{width}:{height}" for width, height in entry.limits.sizes} == set(get_args(request["ratio"]))
    if get_origin(request["duration"]) is Literal:
        assert set(entry.limits.seconds) == set(get_args(request["duration"]))
    assert all(seconds == int(seconds) for seconds in entry.limits.seconds)
    assert set(entry.options) <= set(request)


def test_the_models_that_take_a_seed_are_those_of_the_client():
    assert {model for model, request in REQUESTS.items() if "seed" in request} == SEEDED


def test_size_duration_and_seed_go_as_the_documentation_has_them():
    request = sent()
    assert (request["model"], request["ratio"], request["duration"], request["seed"]) == ("gen4.5", "960:960", 5, 42)


def test_a_model_that_takes_no_seed_gets_none():
    assert "seed" not in sent(ModelEntry("mine", "runway", "kling3.0_pro", ""))


def test_options_go_into_the_request_and_win():
    request = sent(ModelEntry("mine", "runway", "veo3.1", "", options={"audio": False, "ratio": "1280:720"}))
    assert (request["audio"], request["ratio"]) == (False, "1280:720")


def test_what_a_task_has_cost_is_told_in_dollars():
    assert polled(status="SUCCEEDED", output=["https://x/y.mp4"], cost={"credits": 60}).cost_usd == 0.6
    assert polled(status="SUCCEEDED", output=["https://x/y.mp4"]).cost_usd is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INTERNAL.BAD_OUTPUT.CODE01", errors.JobFailedError),
        (None, errors.JobFailedError),
        ("SAFETY.INPUT.TEXT", errors.ContentRefusedError),
        ("SAFETY.OUTPUT.VIDEO", errors.ContentRefusedError),
        ("ASSET.INVALID", errors.RefusedRequestError),
    ],
)
def test_a_failure_means_what_its_code_says(code, error):
    with pytest.raises(errors.ProviderError, match="runway: Something went wrong") as raised:
        polled(status="FAILED", failure="Something\n went wrong", failureCode=code, cost={"credits": 0})
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("status", "state"), [("PENDING", "queued"), ("THROTTLED", "queued"), ("RUNNING", "running"), ("NEW", "running")]
)
def test_a_task_that_is_not_over_is_waited_for(status, state):
    assert polled(status=status).state == state


@pytest.mark.parametrize("fields", [{"status": "CANCELLED"}, {"status": "SUCCEEDED", "output": []}])
def test_a_task_that_is_over_without_a_video_has_failed(fields):
    with pytest.raises(errors.JobFailedError):
        polled(**fields)


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "runwayml", None)
    with pytest.raises(UsageError, match=r"runway-gen-4.5 needs Runway's client") as raised:
        RunwayProvider(ENTRIES[0], KEY)
    assert raised.value.hint == "pip install 'vmevalkit[runway]'"
    assert KEY not in str(raised.value)
