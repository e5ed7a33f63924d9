"""Filming one question with one model, wherever that runs, with everything written down on the way."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

from aiolimiter import AsyncLimiter

from vmevalkit.dataroot import (
    DataRoot,
    FittedRequest,
    Run,
    RunKey,
    VideoRequest,
    atomic_path,
    load_pair,
    load_run,
)
from vmevalkit.errors import VMEvalError
from vmevalkit.models import (
    CredentialsError,
    Fitted,
    ModelEntry,
    Provider,
    ProviderError,
    UnavailableError,
    VideoJob,
    fit,
    is_hosted,
    on_canvas,
    open_local,
    open_provider,
)
from vmevalkit.replies import one_line, writable
from vmevalkit.runner import runs
from vmevalkit.runner.hosted import Patience, film
from vmevalkit.runner.local import film_here, film_in_worker, read_frame
from vmevalkit.runner.planning import Step
from vmevalkit.settings import without_key

Value = TypeVar("Value")

_IN_PREPARATION = 4
"""Runs of a hosted model that are read from disk or written there while others are at the provider."""


class UnknownSubmissionError(ProviderError):
    """Nobody knows whether a job was accepted: the process that submitted it died before it heard the answer."""


class Studio(Protocol):
    """Films with one model."""

    at_once: int
    """How many runs to have in hand."""

    def price(self, step: Step) -> float | None:
        """Return what a step costs in US dollars by the list price, if that is known."""

    async def film(self, key: RunKey, step: Step, submitted: Callable[[str], None]) -> Run:
        """Film a question, write down how it went, and return that.

        Args:
            key: where the run lies.
            step: what is to be filmed.
            submitted: is told the job's id, if there is a provider that gives one.

        Raises:
            CredentialsError: no run with this model will succeed; this one can be taken up later.
            RecordError: the question cannot be read.
            OSError: the disk is full, or the like.

        """

    async def close(self) -> None:
        """Let go of what it holds."""


class WorkerStudio:
    """Films in processes that several models share."""

    def __init__(self, root: DataRoot, entry: ModelEntry, seconds: float | None, pool: Executor, workers: int) -> None:
        self.at_once = workers * 2
        self._film = partial(film_in_worker, root, entry)
        self._seconds, self._pool = seconds, pool

    def price(self, step: Step) -> float | None:  # noqa: ARG002 - all the same
        """Return 0: electricity is not counted."""
        return 0.0

    async def film(self, key: RunKey, step: Step, submitted: Callable[[str], None]) -> Run:  # noqa: ARG002 - no job
        """Film in the pool; see `Studio.film`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._film, key, step.sample, self._seconds)

    async def close(self) -> None:
        """Leave the pool to whoever made it."""


class ThreadStudio:
    """Films in threads of this process, with one model that is loaded once or starts processes itself."""

    def __init__(self, root: DataRoot, entry: ModelEntry, seconds: float | None) -> None:
        self.at_once = entry.concurrency
        self._model = open_local(entry)
        self._film = partial(film_here, root, entry, self._model)
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(entry.concurrency, thread_name_prefix=entry.name)

    def price(self, step: Step) -> float | None:  # noqa: ARG002 - all the same
        """Return 0: electricity is not counted."""
        return 0.0

    async def film(self, key: RunKey, step: Step, submitted: Callable[[str], None]) -> Run:  # noqa: ARG002 - no job
        """Film in a thread; see `Studio.film`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._film, key, step.sample, self._seconds)

    async def close(self) -> None:
        """Stop what is still running."""
        close = getattr(self._model, "close", None)
        if close is not None:
            close()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


class HostedStudio:
    """Has a provider film."""

    def __init__(
        self,
        root: DataRoot,
        entry: ModelEntry,
        provider: Provider,
        key: str,
        seconds: float | None,
        patience: Patience,
    ) -> None:
        self.at_once = entry.concurrency + _IN_PREPARATION
        self._root, self._entry, self._provider, self._seconds = root, entry, provider, seconds
        self._key, self._patience = key, patience
        self._places = asyncio.Semaphore(entry.concurrency)
        # One at a time, evenly: a burst at the start of each minute is what limits are against.
        self._pace = AsyncLimiter(1, 60 / entry.per_minute) if entry.per_minute is not None else None

    def price(self, step: Step) -> float | None:
        """Return the list price; see `price_of`."""
        return price_of(self._root, self._entry, step, self._seconds)

    async def film(self, key: RunKey, step: Step, submitted: Callable[[str], None]) -> Run:
        """Submit, wait, fetch; see `Studio.film`."""
        run, job = await asyncio.to_thread(self._prepared, key, step)
        if run.submitted_at is not None and run.job_id is None and not self._provider.idempotent:
            error = UnknownSubmissionError(
                f"{self._entry.name}: the last attempt ended while the job was being submitted; it may have been paid"
            )
            return await asyncio.to_thread(runs.fail, self._root, run, error)

        async def note(job_id: str) -> None:
            nonlocal run
            run = run.model_copy(update={"job_id": job_id})
            submitted(job_id)
            try:
                await asyncio.to_thread(runs.save, self._root, run)
            except OSError as error:
                problem = f"job {job_id} was accepted, but could not be written down: {error.strerror}"
                raise OSError(error.errno, problem, error.filename) from error

        async with self._places:
            if run.job_id is None:
                if self._pace is not None:
                    await self._pace.acquire()
                run = await asyncio.to_thread(runs.submitting, self._root, run)
            began = time.monotonic()
            try:
                async with _in_thread(atomic_path(self._root.run_video(key))) as path:
                    filmed = await film(
                        self._provider, job, path, job_id=run.job_id, note=note, patience=self._patience
                    )
            except ProviderError as error:
                return await self._failed(run, job, error)
            except (VMEvalError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - a client stumbles over an answer: that must not end the others
                problem = f"{self._entry.name}: an answer that is not understood: {type(error).__name__}: {error}"
                return await self._failed(run, job, UnavailableError(one_line(problem)))
        cost = filmed.status.cost_usd
        if cost is None:
            cost = self._listed(job)
        return await asyncio.to_thread(runs.succeed, self._root, run, filmed.video, began, cost)

    async def close(self) -> None:
        """Close the connections."""
        await self._provider.close()

    def _listed(self, job: VideoJob) -> float | None:
        """Return the list price of what is asked for, which another command may have chosen."""
        return self._entry.price(job.width, job.height, job.seconds)

    async def _failed(self, run: Run, job: VideoJob, error: ProviderError) -> Run:
        # Some servers repeat what they were sent, and this is shown and written down.
        error.message = writable(without_key(error.message, self._key))
        error.args = (error.message,)
        if isinstance(error, CredentialsError):
            if run.job_id is None:
                await asyncio.to_thread(runs.not_submitted, self._root, run)
            raise error
        # A submission that may have been heard may have been paid.
        paid = run.job_id is not None or isinstance(error, UnavailableError)
        cost = self._listed(job) if paid else 0.0
        return await asyncio.to_thread(runs.fail, self._root, run, error, cost)

    def _prepared(self, key: RunKey, step: Step) -> tuple[Run, VideoJob]:
        """Read the question, fit it to the model, and have the run on disk."""
        pair = load_pair(self._root, key.pair)
        source = self._root.image(pair.first_image_path)
        frame = read_frame(source)
        height, width = frame.shape[:2]
        fitted = fit(self._entry.limits, width, height, self._seconds)
        if step.is_begun:
            runs.tidy(self._root, key)
            run = load_run(self._root, key).model_copy(update={"status": "running", "error": None, "finished_at": None})
            if run.fitted is not None:
                # What was submitted counts, whatever is wanted now.
                fitted = Fitted(run.fitted.width, run.fitted.height, run.fitted.seconds, run.fitted.letterboxed)
        else:
            wanted = VideoRequest(
                width=width,
                height=height,
                fps=self._entry.limits.fps,
                seconds=fitted.seconds if self._seconds is None else self._seconds,
            )
            run = runs.begin(
                self._root,
                key,
                pair,
                model_version=self._entry.version,
                sample=step.sample,
                requested=wanted,
                fitted=FittedRequest(**vars(fitted)),
            )
        as_it_is = (fitted.width, fitted.height) == (width, height)
        job = VideoJob(
            prompt=pair.prompt,
            image=source.read_bytes() if as_it_is else on_canvas(frame, fitted.width, fitted.height),
            width=fitted.width,
            height=fitted.height,
            seconds=fitted.seconds,
            seed=run.seed or 0,
            key="/".join((key.experiment, key.model, key.task_id, key.run_id)),
        )
        return run, job


def check_ready(entry: ModelEntry, keys: Mapping[str, str]) -> None:
    """Make sure that a model can begin; weights are not loaded, and nobody is asked.

    Raises:
        UsageError: a key, a client, a program or a GPU is missing.

    """
    if is_hosted(entry):
        asyncio.run(open_provider(entry, keys).close())
        return
    check = getattr(open_local(entry), "check", None)
    if check is not None:
        check()


def price_of(root: DataRoot, entry: ModelEntry, step: Step, seconds: float | None) -> float | None:
    """Return what a hosted model takes for a step by its list price, if that is known.

    Nothing for a job that it has accepted already, or that is not submitted; for a run that is taken up, the price of
    what was chosen when it was begun.

    Raises:
        RecordError: the question cannot be read.

    """
    if step.is_submitted or step.is_unknown:
        return 0.0
    if step.fitted is not None:
        return entry.price(step.fitted.width, step.fitted.height, step.fitted.seconds)
    width = height = 1
    if entry.usd_per_video:
        height, width = read_frame(root.image(load_pair(root, step.pair).first_image_path)).shape[:2]
    fitted = fit(entry.limits, width, height, seconds)
    return entry.price(fitted.width, fitted.height, fitted.seconds)


@asynccontextmanager
async def _in_thread(manager: AbstractContextManager[Value]) -> AsyncIterator[Value]:
    """Enter and leave a context that waits for the disk without holding up everybody else."""
    value = await asyncio.to_thread(manager.__enter__)
    try:
        yield value
    except BaseException:
        await asyncio.to_thread(manager.__exit__, *sys.exc_info())
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)
