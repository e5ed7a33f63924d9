"""What the adapters for OpenAI's interface, WaveSpeed, Replicate and fal promise beyond the common scenarios."""

import importlib
import socket
import sys

import pytest
from fakes import FAKES
from support.fake_provider import KEY, Response, Scenario, ask

from vmevalkit.errors import UsageError
from vmevalkit.models import provider as errors
from vmevalkit.models.provider import VideoJob

HOSTS = {
    "openai": ("openai_videos", "OpenAIVideosProvider", "openai"),
    "wavespeed": ("wavespeed", "WaveSpeedProvider", "wavespeed"),
    "replicate": ("replicate", "ReplicateProvider", "replicate.client"),
    "fal": ("fal", "FalProvider", "fal_client"),
}
"""The name of each, with our module, the class, and the module of the official client that it imports."""

JOB = VideoJob("Go!", b"png", 64, 48, 5, 42, "pilot/model/chess_0000/run-1")


@pytest.fixture(params=HOSTS)
def host(request) -> str:
    return request.param


def entries(host):
    return importlib.import_module(f"vmevalkit.models.{HOSTS[host][0]}").ENTRIES


def adapter(host, url, silence=5.0):
    module = importlib.import_module(f"vmevalkit.models.{HOSTS[host][0]}")
    base = f"{url}/v1" if host == "openai" else url
    return getattr(module, HOSTS[host][1])(module.ENTRIES[0], KEY, base_url=base, silence=silence)


def failure(provider) -> errors.ProviderError:
    """Return what comes of a submission."""
    with pytest.raises(errors.ProviderError) as caught:
        ask(provider, lambda provider: provider.submit(JOB))
    return caught.value


def answering(host, answer):
    """Make a fake that accepts a submission and then answers it otherwise."""

    class Changed(FAKES[host].Fake):
        def create(self, request) -> Response:
            return answer(super().create(request))

    return Changed(Scenario.SUCCESS, b"")


def test_the_names_of_the_models_begin_with_the_provider_and_each_exists_once(host):
    names = [entry.name for entry in entries(host)]
    assert all(name.startswith(f"{host}-") for name in names)
    assert len(set(names)) == len(names)


def test_every_model_says_what_it_needs_and_who_films(host):
    for entry in entries(host):
        assert (entry.provider, entry.extra) == (host, host)
        assert len(entry.needs) == 1
        assert entry.model_id
        assert entry.description.endswith(".")


def test_durations_are_given_in_order_and_are_positive(host):
    for entry in entries(host):
        seconds = entry.limits.seconds
        assert list(seconds) == sorted(set(seconds))
        assert seconds[0] > 0


def test_a_client_that_is_not_installed_is_named_with_the_command_that_installs_it(host, monkeypatch):
    monkeypatch.setitem(sys.modules, HOSTS[host][2], None)
    with pytest.raises(UsageError, match=f"{entries(host)[0].name} needs .*'s client") as caught:
        adapter(host, "http://127.0.0.1:9")
    assert caught.value.hint == f"pip install 'vmevalkit[{host}]'"


def test_a_submission_whose_answer_is_lost_is_not_sent_again(host):
    with answering(host, lambda usual: Response(200, usual.body, usual.headers, cut_after=0)) as fake:
        error = failure(adapter(host, fake.url))
    assert type(error) is errors.UnavailableError
    assert len(fake.accepted) == 1


@pytest.mark.parametrize("body", [b"", b"<html>Welcome</html>", b"{}", b"[]", b'"yes"'])
def test_an_answer_that_names_no_job_counts_as_a_submission_that_may_have_been_heard(host, body):
    with answering(host, lambda _: Response(200, body, {"content-type": "application/json"})) as fake:
        error = failure(adapter(host, fake.url))
    assert type(error) is errors.UnavailableError
    assert len(fake.accepted) == 1


def test_a_server_that_says_nothing_is_given_up(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        error = failure(adapter(host, url, silence=0.2))
    # Where the first frame is uploaded before, there is certainly no job.
    uploads = host in ("wavespeed", "replicate")
    assert type(error) is (errors.UnreachableError if uploads else errors.UnavailableError)


def test_too_many_requests_say_how_long_to_wait_where_the_client_keeps_it(host):
    if host == "wavespeed":
        pytest.skip("the client keeps only the status and the text")
    answer = Response(429, b'{"detail": "slow down"}', {"content-type": "application/json", "retry-after": "7"})
    with answering(host, lambda _: answer) as fake:
        error = failure(adapter(host, fake.url))
    assert type(error) is errors.RateLimitError
    assert error.retry_after == 7
    assert "slow down" in error.message


def test_an_empty_account_stops_the_model(host):
    answer = Response(402, b'{"detail": "You have no credit."}', {"content-type": "application/json"})
    with answering(host, lambda _: answer) as fake:
        error = failure(adapter(host, fake.url))
    assert type(error) is errors.CredentialsError


def test_the_key_goes_to_the_api_and_not_to_links(host, tmp_path):
    async def filmed(provider) -> None:
        job_id = await provider.submit(JOB)
        while (status := await provider.poll(job_id)).state != "succeeded":
            pass
        await provider.fetch(status, tmp_path / "v.mp4")

    with FAKES[host].Fake(Scenario.SUCCESS, b"video") as fake:
        ask(adapter(host, fake.url), filmed)
    download = fake.requests[-1]
    assert ("authorization" in download.headers) is (host == "openai")
