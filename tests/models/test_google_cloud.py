"""What is special to Veo in Google Cloud."""

import sys

import fake_google_cloud
import pytest
from canned import Canned
from fake_google_cloud import MODEL, PROJECT
from google.genai.types import GenerateVideosConfig
from google.oauth2.credentials import Credentials
from support.fake_provider import KEY, Response, Scenario, ask

from vmevalkit.errors import UsageError
from vmevalkit.models import provider as errors
from vmevalkit.models.entry import ModelEntry
from vmevalkit.models.google_cloud import ENTRIES, GoogleCloudProvider
from vmevalkit.models.provider import VideoJob

JOB = VideoJob("Go.", b"a picture", 1080, 1920, 6, 42, "a key")


def sent(entry: ModelEntry = ENTRIES[0]) -> dict:
    login = Credentials(token=KEY)
    with fake_google_cloud.Fake(Scenario.SUCCESS, b"") as fake:
        adapter = GoogleCloudProvider(entry, PROJECT, base_url=fake.url, credentials=login)
        ask(adapter, lambda google: google.submit(JOB))
    return fake.accepted[0].json()["parameters"]


def polled(**operation):
    name = f"{MODEL}/operations/1"
    with Canned(Response.of({"name": name, **operation})) as server:
        return ask(fake_google_cloud.adapter(server.url, KEY), lambda google: google.poll(name))


def test_the_names_of_the_entries_are_unique_and_begin_with_the_provider():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert all(entry.name.startswith("google-veo-") and entry.provider == "google-cloud" for entry in ENTRIES)
    assert all(set(entry.options) <= set(GenerateVideosConfig.model_fields) for entry in ENTRIES)


def test_one_video_is_asked_for_with_size_duration_and_seed():
    assert sent() == {
        "sampleCount": 1,
        "durationSeconds": 6,
        "seed": 42,
        "aspectRatio": "9:16",
        "resolution": "1080p",
        "generateAudio": False,
    }


def test_options_go_into_the_parameters_and_win():
    entry = ModelEntry(ENTRIES[0].name, "google-cloud", ENTRIES[0].model_id, "", options={"resolution": "4k"})
    assert sent(entry)["resolution"] == "4k"


def test_an_operation_that_is_not_done_is_waited_for():
    assert polled().state == "running"


def test_what_the_filters_hold_back_is_a_refusal_even_when_they_do_not_say_why():
    with pytest.raises(errors.ContentRefusedError, match="filters"):
        polled(done=True, response={"raiMediaFilteredCount": 1})


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Internal\nerror.", errors.JobFailedError),
        ("The image violates Google's Responsible AI practices.", errors.ContentRefusedError),
        ("The prompt goes against the usage guidelines.", errors.ContentRefusedError),
    ],
)
def test_a_failure_means_what_it_says(message, error):
    with pytest.raises(errors.ProviderError) as raised:
        polled(done=True, error={"code": 3, "message": message})
    assert type(raised.value) is error
    assert "\n" not in raised.value.message


def test_an_operation_that_is_done_without_a_video_has_failed():
    with pytest.raises(errors.JobFailedError, match="has no video"):
        polled(done=True, response={"videos": []})


def test_without_credentials_it_says_how_to_get_some(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    adapter = GoogleCloudProvider(ENTRIES[0], PROJECT, base_url="http://127.0.0.1:9")
    with pytest.raises(errors.CredentialsError) as raised:
        ask(adapter, lambda google: google.submit(JOB))
    assert raised.value.hint == "run: gcloud auth application-default login"


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(UsageError, match=r"google-veo-3.1 needs Google's client") as raised:
        GoogleCloudProvider(ENTRIES[0], PROJECT)
    assert raised.value.hint == "pip install 'vmevalkit[google]'"
