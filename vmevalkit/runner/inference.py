"""Have models film questions."""

import asyncio
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from errno import EDQUOT, ENOSPC, EROFS
from functools import partial
from math import isfinite
from typing import Any

from vmevalkit.dataroot import DataRoot, PairKey, at_work, check_name, refuse_archived
from vmevalkit.errors import UsageError, VMEvalError
from vmevalkit.first_few import FirstFew
from vmevalkit.models import (
    CredentialsError,
    ModelEntry,
    catalogue,
    find_key,
    find_model,
    is_hosted,
    is_idempotent,
    open_provider,
)
from vmevalkit.runner.cluster import RayCluster
from vmevalkit.runner.events import Event, Watcher
from vmevalkit.runner.executors import WorkerPool, Workers
from vmevalkit.runner.hosted import Patience
from vmevalkit.runner.planning import Broken, Passed, Retry, Step, plan
from vmevalkit.runner.runs import new_key
from vmevalkit.runner.selection import select_pairs
from vmevalkit.runner.shards import Shard, alone
from vmevalkit.runner.spending import BudgetError, Purse
from vmevalkit.runner.studios import HostedStudio, Studio, ThreadStudio, WorkerStudio, check_ready, price_of

__all__ = ["Inference", "Outlook", "RunOptions", "outlook", "run_models"]

_HOPELESS = (ENOSPC, EDQUOT, EROFS)
"""What is wrong with the disk, not with one run."""


@dataclass(frozen=True)
class RunOptions:
    """Which questions are filmed, how often, and for how much."""

    domains: Collection[str] | None = None
    task_ids: Collection[str] | None = None
    difficulties: Collection[str] | None = None
    limit: int | None = None
    """At most so many questions of each domain."""
    shard: Shard | None = None
    runs: int = 1
    """How many runs of each question, each with a seed of its own."""
    seconds: float | None = None
    """The wanted duration; `None` for what each model makes by itself."""
    retry: Retry | None = None
    """Whether questions whose last run has failed get a new one."""
    budget: float | None = None
    """US dollars."""
    workers: Workers = 1
    """Processes, or a cluster, for models that need no provider."""
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise UsageError(f"runs must be at least 1, not {self.runs}")
        for name, value in (("seconds", self.seconds), ("budget", self.budget)):
            if value is not None and not (isfinite(value) and value >= 0):
                raise UsageError(f"{name} must be a number, not {value}")


@dataclass
class Inference:
    """What `run_models` did."""

    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    """Runs that were there already."""
    failed_before: int = 0
    """How many of those have failed."""
    cost_usd: float = 0.0
    failures: list[str] = field(default_factory=list)
    """A line for each run that failed; at most a thousand."""
    stopped: list[str] = field(default_factory=list)
    """A line for each model that could not begin, or was stopped before its end."""


@dataclass(frozen=True)
class Outlook:
    """What `run_models` would do with a model."""

    model: str
    new: int = 0
    resumed: int = 0
    unknown: int = 0
    """Runs that fail because nobody knows whether their job was accepted; nothing is paid for them."""
    skipped: int = 0
    broken: int = 0
    cost_usd: float | None = 0.0
    """What the runs cost by the list price; `None` if that is not known."""
    problem: str | None = None
    """Why it cannot begin."""


def run_models(
    root: DataRoot,
    experiment: str,
    models: Collection[str],
    options: RunOptions | None = None,
    *,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    keys: Mapping[str, str] | None = None,
    watch: Watcher = lambda _: None,
) -> Inference:
    """Film every chosen question with every chosen model.

    What has succeeded is not repeated. What was interrupted is taken up in the same run folder; a job that a provider
    has accepted is never submitted again. A model that cannot go on does not keep the others from it.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        models: names of models.
        options: which questions, how often, for how much.
        own: the user's own models, as tables by name.
        keys: where the keys of providers are looked up; the environment if `None`.
        watch: is told of everything as it happens.

    Raises:
        UnknownNameError: a domain or question does not exist, or none of the models.
        UsageError: there are no questions, none of the models can begin, or the experiment is archived.
        BusyError: another process is running one of the models in this experiment, or archives it.

    """
    options = options or RunOptions()
    known = _known(models, own)
    pairs = _chosen(root, experiment, options)
    keys = os.environ if keys is None else keys
    session = _Session(root, experiment, options, pairs, watch)
    with ExitStack() as stack:
        stack.enter_context(at_work(root, experiment))
        for name in sorted(set(models)):
            what = f"running {name} in experiment {experiment}"
            stack.enter_context(alone(root.lock("run", experiment, name), what, options.shard))
        opener = _Studios(root, options, keys, stack)
        studios: dict[str, tuple[ModelEntry, Studio]] = {}
        problems: list[UsageError] = []
        for name in dict.fromkeys(models):
            try:
                entry = find_model(known, name)
                studios[name] = entry, opener.open(entry)
            except UsageError as error:
                problems.append(error)
                session.stop(name, error)
        if not studios:
            raise problems[0]
        asyncio.run(session.film_all(studios))
    return session.done


def outlook(
    root: DataRoot,
    experiment: str,
    models: Collection[str],
    options: RunOptions | None = None,
    *,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    keys: Mapping[str, str] | None = None,
) -> Iterator[Outlook]:
    """Yield what `run_models` with the same arguments would do, model by model. Nothing is changed."""
    options = options or RunOptions()
    known = _known(models, own)
    pairs = _chosen(root, experiment, options)
    refuse_archived(root, experiment)
    for name in dict.fromkeys(models):
        try:
            entry = find_model(known, name)
            _check(entry, options, os.environ if keys is None else keys)
        except UsageError as error:
            yield Outlook(name, cost_usd=None, problem=error.message)
            continue
        yield _told(root, entry, options, _plan(root, experiment, entry, pairs, options))


def _plan(
    root: DataRoot, experiment: str, entry: ModelEntry, pairs: Collection[PairKey], options: RunOptions
) -> Iterator[Step | Passed | Broken]:
    return plan(
        root,
        experiment,
        entry.name,
        pairs,
        runs=options.runs,
        retry=options.retry,
        idempotent=is_idempotent(entry),
    )


def _told(root: DataRoot, entry: ModelEntry, options: RunOptions, steps: Iterator[Step | Passed | Broken]) -> Outlook:
    counts: Counter[str] = Counter()
    cost: float | None = 0.0
    for step in steps:
        if not isinstance(step, Step):
            counts["skipped" if isinstance(step, Passed) else "broken"] += 1
            continue
        if is_hosted(entry):
            try:
                price = price_of(root, entry, step, options.seconds)
            except VMEvalError:
                counts["broken"] += 1
                continue
            cost = None if price is None or cost is None else cost + price
        counts["unknown" if step.is_unknown else "new" if step.unfinished is None else "resumed"] += 1
    new, resumed, unknown = counts["new"], counts["resumed"], counts["unknown"]
    return Outlook(entry.name, new, resumed, unknown, counts["skipped"], counts["broken"], cost)


def _known(models: Collection[str], own: Mapping[str, Mapping[str, Any]] | None) -> dict[str, ModelEntry]:
    """Return the catalogue, if at least one of the models is in it."""
    known = catalogue(own)
    for name in models:
        check_name("model", name)
    if not models:
        raise UsageError("no model is named", hint="say --model, such as --model oracle")
    if not any(name in known for name in models):
        find_model(known, next(iter(models)))
    return known


def _chosen(root: DataRoot, experiment: str, options: RunOptions) -> list[PairKey]:
    check_name("experiment", experiment)
    return select_pairs(
        root,
        domains=options.domains,
        task_ids=options.task_ids,
        difficulties=options.difficulties,
        limit=options.limit,
        shard=options.shard,
    )


def _check(entry: ModelEntry, options: RunOptions, keys: Mapping[str, str]) -> None:
    """Raise a `UsageError` if a model cannot begin."""
    check_ready(entry, keys)
    priced = bool(entry.usd_per_video) or entry.usd_per_second is not None
    if options.budget is not None and is_hosted(entry) and not priced:
        raise UsageError(
            f"the price of {entry.name} is not known, so no budget can be kept",
            hint=f"say usd_per_second in [models.{entry.name}] of vmevalkit.toml, or leave --budget away",
        )


class _Studios:
    """Opens studios; those that work in processes share them."""

    def __init__(self, root: DataRoot, options: RunOptions, keys: Mapping[str, str], stack: ExitStack) -> None:
        self._root, self._options, self._keys, self._stack = root, options, keys, stack
        self._pool: Executor | None = None

    def open(self, entry: ModelEntry) -> Studio:
        """Return a studio; `UsageError` if the model cannot begin."""
        options = self._options
        _check(entry, options, self._keys)
        if is_hosted(entry):
            provider, key = open_provider(entry, self._keys), find_key(entry, self._keys)
            return HostedStudio(self._root, entry, provider, key, options.seconds, options.patience)
        if isinstance(options.workers, RayCluster):
            # What a baseline draws needs no GPU; everything else takes one where there are any.
            pool = options.workers.pool(gpu=entry.provider != "baseline")
            return WorkerStudio(self._root, entry, options.seconds, pool, pool.workers)
        if entry.provider != "baseline" or options.workers == 1:
            return ThreadStudio(self._root, entry, options.seconds)
        if self._pool is None:
            self._pool = WorkerPool(options.workers)
            self._stack.callback(self._pool.shutdown, cancel_futures=True)
        return WorkerStudio(self._root, entry, options.seconds, self._pool, options.workers)


class _Session:
    """All models at the same time, each with its own questions under way."""

    def __init__(
        self, root: DataRoot, experiment: str, options: RunOptions, pairs: Collection[PairKey], watch: Watcher
    ) -> None:
        self._failures = FirstFew[str]()
        self.done = Inference(failures=self._failures.first)
        self._root, self._experiment, self._options, self._pairs, self._watch = root, experiment, options, pairs, watch
        self._purse = Purse(options.budget)
        self._stopped: set[str] = set()

    def stop(self, model: str, error: Exception) -> None:
        """Begin no more runs of a model."""
        if model not in self._stopped:
            self._stopped.add(model)
            message = _problem(error)
            names_it = message.startswith((f"{model} ", f"{model}:", f"model {model}:"))
            self.done.stopped.append(message if names_it else f"{model}: {message}")
            self._watch(Event("stopped", model, message=message))

    async def film_all(self, studios: Mapping[str, tuple[ModelEntry, Studio]]) -> None:
        """Film with all models."""
        async with asyncio.TaskGroup() as group:
            for entry, studio in studios.values():
                group.create_task(self._film_with(entry, studio))

    async def _film_with(self, entry: ModelEntry, studio: Studio) -> None:
        model = entry.name
        self._watch(Event("planned", model, count=len(self._pairs) * self._options.runs))
        steps = _plan(self._root, self._experiment, entry, self._pairs, self._options)
        turn = asyncio.Lock()

        async def work() -> None:
            while True:
                async with turn:
                    step = None if model in self._stopped else await asyncio.to_thread(next, steps, None)
                if step is None:
                    return
                await self._take(model, studio, step)

        async def worker() -> None:
            try:
                await work()
            except OSError as error:  # A folder that cannot be listed, say.
                self.stop(model, error)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(studio.at_once):
                    group.create_task(worker())
        finally:
            await studio.close()

    async def _take(self, model: str, studio: Studio, step: Step | Passed | Broken) -> None:
        if isinstance(step, Passed):
            self.done.skipped += 1
            self.done.failed_before += step.failed
            self._watch(Event("skipped", model, step.pair.task_id, step.sample))
        elif isinstance(step, Broken):
            self._failed(Event("failed", model, step.pair.task_id, message=step.problem))
        else:
            try:
                price = self._purse.reserve(await asyncio.to_thread(studio.price, step))
            except BudgetError as error:
                self.stop(model, error)
                return
            except VMEvalError as error:
                self._failed(Event("failed", model, step.pair.task_id, message=error.message))
                return
            cost = 0.0
            try:
                cost = await self._film(model, studio, step, price)
            finally:
                self._purse.settle(price, 0.0 if step.is_submitted else cost)
                self.done.cost_usd = self._purse.spent

    async def _film(self, model: str, studio: Studio, step: Step, price: float) -> float:
        """Film one question, which may cost so much, and return what that has cost."""
        key = step.unfinished or new_key(self._root, self._experiment, model, step.pair, step.sample)
        event = partial(Event, model=model, task_id=step.pair.task_id, sample=step.sample, run_id=key.run_id)
        cost = 0.0

        def submitted(job_id: str) -> None:
            nonlocal cost
            cost = price  # From here on it is paid, whatever becomes of it.
            self._watch(event("submitted", job_id=job_id))

        self._watch(event("started"))
        try:
            run = await studio.film(key, step, submitted)
        except (CredentialsError, BrokenExecutor, MemoryError) as error:
            # The key is wrong, or the system has killed a worker or denies memory: the next run would fare no better.
            self.stop(model, error)
            self._watch(event("left", cost_usd=cost))
            return cost
        except (VMEvalError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _HOPELESS:
                self.stop(model, error)
                self._watch(event("left", cost_usd=cost))
            else:
                self._failed(event("failed", cost_usd=cost, message=_problem(error)))
            return cost
        cost = run.cost_usd or 0.0
        if run.error is not None:
            self._failed(event("failed", job_id=run.job_id, cost_usd=cost, message=run.error.message))
        else:
            self.done.succeeded += 1
            self._watch(event("succeeded", job_id=run.job_id, cost_usd=cost, seconds=run.duration_seconds))
        return cost

    def _failed(self, event: Event) -> None:
        self._failures.add(f"{event.model} on {event.task_id}: {event.message}")
        self.done.failed = self._failures.count
        self._watch(event)


def _problem(error: Exception) -> str:
    if isinstance(error, VMEvalError):
        return error.message
    if isinstance(error, MemoryError):  # Libraries tell which of their arrays did not fit, or nothing at all.
        return "not enough memory"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return str(error)
