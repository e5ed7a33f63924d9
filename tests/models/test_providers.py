"""Every provider, through its official client, against a server on loopback that speaks its protocol."""

import asyncio
import io
from dataclasses import dataclass

import numpy as np
import pytest
from fakes import FAKES
from PIL import Image
from support.fake_provider import KEY, Scenario

from vmevalkit.media import write_video
from vmevalkit.models import provider as errors
from vmevalkit.models.provider import Provider, VideoJob
from vmevalkit.runner.hosted import Patience, film

PATIENCE = Patience(poll_seconds=0.01, job_seconds=20, attempts=4, longest_wait=0.05)

OUTCOMES = {
    Scenario.SUCCESS: None,
    Scenario.QUEUED: None,
    Scenario.REFUSED_AT_ONCE: errors.ContentRefusedError,
    Scenario.REFUSED_LATER: errors.ContentRefusedError,
    Scenario.RATE_LIMITED: None,
    Scenario.SUBMIT_500: errors.UnavailableError,
    Scenario.POLL_500: None,
    Scenario.POLL_RATE_LIMITED: None,
    Scenario.FAILED: errors.JobFailedError,
    Scenario.LOST: errors.JobLostError,
    Scenario.TRUNCATED_ONCE: None,
    Scenario.TRUNCATED: errors.DownloadError,
    Scenario.EXPIRED_ONCE: None,
    Scenario.DOWNLOAD_500: None,
    Scenario.RUBBISH: errors.DownloadError,
    Scenario.WRONG_KEY: errors.CredentialsError,
    Scenario.BAD_REQUEST: errors.RefusedRequestError,
}

PROMPT = 'Move the knight — ünïcode, "quotes" and a\nnew line.'


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    rng = np.random.Generator(np.random.PCG64(7))
    write_video(path, [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(12)], fps=8)
    return path.read_bytes()


@pytest.fixture(scope="session")
def job() -> VideoJob:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    return VideoJob(PROMPT, out.getvalue(), 64, 48, 5, 42, "pilot/model/chess_0000/run-1")


@dataclass
class Outcome:
    error: Exception | None
    noted: list[str]
    data: bytes | None


def run(adapter: Provider, job: VideoJob, path, job_id=None) -> Outcome:
    noted: list[str] = []

    async def note(job_id: str) -> None:
        noted.append(job_id)

    async def whole() -> None:
        try:
            await film(adapter, job, path, job_id=job_id, note=note, patience=PATIENCE)
        finally:
            await adapter.close()

    try:
        asyncio.run(whole())
    except errors.ProviderError as error:
        return Outcome(error, noted, None)
    return Outcome(None, noted, path.read_bytes())


@pytest.fixture(params=FAKES)
def module(request):
    return FAKES[request.param]


@pytest.mark.parametrize("scenario", Scenario)
def test_every_scenario_ends_as_it_should(module, scenario, video, job, tmp_path):
    with module.Fake(scenario, video) as fake:
        outcome = run(module.adapter(fake.url, KEY), job, tmp_path / "v.mp4")
    expected = OUTCOMES[scenario]
    if expected is None:
        assert outcome.error is None
        assert outcome.data == video
    else:
        assert type(outcome.error) is expected
        assert "\n" not in outcome.error.message
        assert KEY not in outcome.error.message
    paid = 0 if expected in (errors.CredentialsError, errors.RefusedRequestError, errors.UnavailableError) else 1
    paid = 0 if scenario is Scenario.REFUSED_AT_ONCE else paid
    assert len(fake.accepted) == len(outcome.noted) == paid
    submissions = {
        Scenario.RATE_LIMITED: 3,
        Scenario.SUBMIT_500: 4 if module.adapter("http://x", KEY).idempotent else 1,
    }
    assert len(fake.asked) == submissions.get(scenario, 1)


def test_a_job_that_was_submitted_before_is_not_submitted_again(module, video, job, tmp_path):
    with module.Fake(Scenario.SUCCESS, video) as fake:
        first = run(module.adapter(fake.url, KEY), job, tmp_path / "a.mp4")
        again = run(module.adapter(fake.url, KEY), job, tmp_path / "b.mp4", job_id=first.noted[0])
    assert again.data == video
    assert len(fake.asked) == 1


def test_the_first_frame_and_the_prompt_arrive_as_they_are(module, video, job, tmp_path):
    with module.Fake(Scenario.SUCCESS, video) as fake:
        run(module.adapter(fake.url, KEY), job, tmp_path / "v.mp4")
    assert module.prompt_of(fake.accepted[0]) == PROMPT
    assert module.image_of(fake) == job.image


def test_a_server_that_is_not_there_is_named_and_nothing_is_submitted(module, job, tmp_path):
    outcome = run(module.adapter("http://127.0.0.1:9", KEY), job, tmp_path / "v.mp4")
    assert type(outcome.error) is errors.UnreachableError
    assert outcome.noted == []


def test_several_jobs_at_once_do_not_get_into_each_other_s_way(module, video, job, tmp_path):
    async def forget(job_id: str) -> None:
        """Write nothing down."""

    async def several(adapter: Provider) -> None:
        films = (
            film(adapter, job, tmp_path / f"{n}.mp4", job_id=None, note=forget, patience=PATIENCE) for n in range(8)
        )
        await asyncio.gather(*films)
        await adapter.close()

    with module.Fake(Scenario.SUCCESS, video) as fake:
        asyncio.run(several(module.adapter(fake.url, KEY)))
    assert len(fake.accepted) == 8
    assert all((tmp_path / f"{n}.mp4").read_bytes() == video for n in range(8))
