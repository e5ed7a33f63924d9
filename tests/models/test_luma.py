"""What is special to Luma."""

import sys
from typing import get_args, get_type_hints

import fake_luma
import pytest
from canned import Canned
from luma_agents.types import Model, VideoDuration, VideoResolution
from luma_agents.types.generation_create_params import GenerationCreateParams
from support.fake_provider import KEY, Response, Scenario, ask

from vmevalkit.errors import UsageError
from vmevalkit.models import provider as errors
from vmevalkit.models.entry import ModelEntry
from vmevalkit.models.luma import ENTRIES, LumaProvider, nearest_ratio, nearest_resolution
from vmevalkit.models.provider import VideoJob

JOB = VideoJob("Go.", b"a picture", 512, 512, 10, 42, "a key")


def sent(entry: ModelEntry = ENTRIES[0], job: VideoJob = JOB) -> dict:
    with fake_luma.Fake(Scenario.SUCCESS, b"") as fake:
        ask(LumaProvider(entry, KEY, base_url=f"{fake.url}/v1"), lambda luma: luma.submit(job))
    return fake.accepted[0].json()


def polled(**fields):
    generation = {"id": "1", "type": "video", "model": "ray-3.2", "created_at": "2026-11-23T12:00:00Z", **fields}
    with Canned(Response.of(generation)) as server:
        return ask(fake_luma.adapter(server.url, KEY), lambda luma: luma.poll("1"))


def test_the_entries_are_what_the_client_knows():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.name == f"luma-{entry.model_id}"
        if entry.retired is not None:
            continue
        assert entry.provider == entry.extra == "luma"
        assert entry.model_id in get_args(Model)
        assert {f"{seconds:g}s" for seconds in entry.limits.seconds} == set(get_args(VideoDuration))


@pytest.mark.parametrize(
    ("width", "height", "ratio", "resolution"),
    [
        (512, 512, "1:1", "540p"),
        (64, 48, "4:3", "540p"),
        (1280, 720, "16:9", "720p"),
        (720, 1280, "9:16", "720p"),
        (600, 800, "3:4", "540p"),
        (2560, 1080, "21:9", "1080p"),
        (1024, 1000, "1:1", "1080p"),
        (10, 1000, "9:16", "540p"),
    ],
)
def test_shape_and_resolution_are_those_next_to_the_first_frame(width, height, ratio, resolution):
    assert (nearest_ratio(width, height), nearest_resolution(width, height)) == (ratio, resolution)


def test_every_shape_and_resolution_that_is_asked_for_is_one_that_the_client_knows():
    [ratios, _] = get_args(get_type_hints(GenerationCreateParams)["aspect_ratio"])
    assert {nearest_ratio(width, 100) for width in range(10, 400)} <= set(get_args(ratios))
    assert {nearest_resolution(lines, lines) for lines in range(10, 3000)} <= set(get_args(VideoResolution))


def test_a_frame_of_a_size_that_is_offered_has_exactly_the_shape_that_is_asked_for():
    for width, height in ENTRIES[0].limits.sizes:
        across, down = map(int, nearest_ratio(width, height).split(":"))
        assert across * height == down * width
        assert nearest_resolution(width, height) == f"{min(width, height)}p"
    assert len(set(ENTRIES[0].limits.sizes)) == 18


def test_the_first_frame_is_pinned_to_the_first_of_the_video():
    video = sent()["video"]
    assert video["keyframe_indexes"] == [0]
    assert video["duration"] == "10s"
    assert "start_frame" not in video


def test_options_go_into_the_video_and_win():
    entry = ModelEntry("mine", "luma", "ray-3.2", "", options={"resolution": "360p", "loop": False})
    video = sent(entry)["video"]
    assert (video["resolution"], video["loop"]) == ("360p", False)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("generation_failed", errors.JobFailedError),
        ("output_not_found", errors.JobFailedError),
        ("a new one", errors.JobFailedError),
        ("content_moderated", errors.ContentRefusedError),
        ("budget_exhausted", errors.JobFailedError),
        ("corrupt_input", errors.RefusedRequestError),
    ],
)
def test_a_failure_means_what_its_code_says(code, error):
    with pytest.raises(errors.ProviderError, match="luma: Something went wrong") as raised:
        polled(state="failed", failure_code=code, failure_reason="Something\n went wrong")
    assert type(raised.value) is error


def test_a_state_that_is_new_is_waited_for():
    assert polled(state="polishing").state == "running"


def test_an_answer_without_a_state_is_asked_for_again():
    with pytest.raises(errors.UnavailableError):
        polled()


def test_a_generation_without_a_video_has_failed():
    with pytest.raises(errors.JobFailedError, match="has no video"):
        polled(state="completed", output=[{"type": "image", "url": "https://x/y.png"}])


def test_an_empty_account_is_no_reason_to_go_on():
    answer = Response.of({"detail": "Insufficient credits. Please add credits to continue."}, 402)
    with Canned(answer) as server, pytest.raises(errors.CredentialsError, match="Insufficient credits"):
        ask(fake_luma.adapter(server.url, KEY), lambda luma: luma.submit(JOB))


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "luma_agents", None)
    with pytest.raises(UsageError, match=r"luma-ray-3.2 needs Luma's client") as raised:
        LumaProvider(ENTRIES[0], KEY)
    assert raised.value.hint == "pip install 'vmevalkit[luma]'"
    assert KEY not in str(raised.value)
