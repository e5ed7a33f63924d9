"""People rate the videos of an experiment: who gets which one next, and what they say."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Self

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    HUMAN_EVALUATION,
    PASS_SCORE,
    DataRoot,
    Evaluation,
    RunKey,
    Score,
    at_work,
    load_evaluation,
    load_pair,
    load_run,
    note_change,
    waiting_lock,
)
from vmevalkit.errors import ConflictError, RecordError, UsageError
from vmevalkit.runner.rating.index import Index, RaterCounts
from vmevalkit.runner.rating.keeper import Keeper
from vmevalkit.runner.rating.kinds import (
    Given,
    Item,
    Problem,
    RaterProgress,
    StudyProgress,
    TakenBack,
    Turn,
    UnknownItemError,
)
from vmevalkit.runner.rating.plan import RatingPlan, check_experiment
from vmevalkit.runner.rating.raters import check_rater
from vmevalkit.runner.rating.scan import Scanner, scores_file

MAX_AHEAD = 5
LEASE_SECONDS = 600.0
SAVING_SECONDS = 30.0
"""A score waits no longer for others to be saved."""
CANNOT_JUDGE = "cannot judge"

_VERSION = "1"
"""Of what is written into ``human-eval.json``."""
_SOONEST_SECONDS = 1.0


class RatingStudy:
    """The rating of one experiment by people.

    Safe to use from several threads, and by several processes on one data root. Scores are in the evaluation files
    before a call returns. Who is next comes from an index in the data root's state folder, which can be deleted at
    any time. To be closed, or used in a ``with`` block.

    All methods raise a `RecordError` that names the plan if that is malformed, and a `BusyError` if others hold the
    data root for too long.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        lease_seconds: how long an item that a rater was given is kept from others.
        clock: tells the seconds since 1970.

    Raises:
        UsageError: there is no data root.
        UnknownNameError: there is no such experiment.

    """

    def __init__(
        self,
        root: DataRoot,
        experiment: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root, self._experiment = root.existing(), check_experiment(root, experiment)
        self._lease_seconds, self._clock = lease_seconds, clock
        self._keeper = Keeper(root, experiment, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index. Whoever goes on opens it again."""
        self._keeper.close()

    def next(self, rater: str, *, ahead: int = 0) -> Turn:
        """Give a rater the next item, and lease it. Asked again, it gives the same one until that is rated.

        First come the items with the fewest ratings that still need some; among those, the plan's seed decides. Nobody
        is given what they have rated or skipped, nor what as many others have rated or hold as are needed.

        Args:
            rater: the rater's name.
            ahead: how many more items to lease, so that their videos can be loaded early; up to `MAX_AHEAD`.

        Raises:
            UsageError: the name is not valid, or ``ahead`` is out of range.

        """
        rater = check_rater(rater)
        if not 0 <= ahead <= MAX_AHEAD:
            raise UsageError(f"ahead must be from 0 to {MAX_AHEAD}, not {ahead}")

        def lease(index: Index, plan: RatingPlan) -> Turn:
            scanner = self._scanner(index, plan)
            with index.transaction():
                now = self._clock()
                held = index.hold(rater, 1 + ahead, now, now + self._lease_seconds)
                # The index may be behind the files. What is handed out is compared with them first.
                while any(scanner.look_again(key) for key in held.values()):
                    held = index.hold(rater, 1 + ahead, now, now + self._lease_seconds)
                progress = _progress_of(index, rater)
                end = None if held else index.next_end(rater)
            items = tuple(self._shown(plan, item, key) for item, key in held.items())
            return Turn(items, progress, None if end is None else max(end - now, _SOONEST_SECONDS))

        return self._keeper.using(lease)

    def item(self, item: str) -> Item:
        """Return an item; `UnknownItemError` if there is none of that name that can be rated."""

        def find(index: Index, plan: RatingPlan) -> Item:
            return self._shown(plan, item, self._found(index, plan, item))

        return self._keeper.using(find)

    def word(self, rater: str, item: str) -> Score | None:
        """Return what a rater has said about an item; `None` if nothing.

        Raises:
            UsageError: the rater's name is not valid.
            UnknownItemError: there is no such item.

        """
        key = self._key(item)
        return _word(self._evaluation(key), key, check_rater(rater))

    def score(self, rater: str, item: str, score: int, comment: str = "") -> Given:
        """Save a rater's score; it replaces what the rater has said about the item before.

        Args:
            rater: the rater's name.
            item: the item; it need not be one that this rater was given.
            score: 1 to 5; from 4 on, the video has passed.
            comment: what the rater has to say about it.

        Raises:
            UsageError: the rater's name is not valid, or the score is out of range.
            UnknownItemError: there is no such item.
            RecordError: the file with the scores cannot be read; it is left as it is.

        """
        if not 1 <= score <= 5:
            raise UsageError(f"a score is from 1 to 5, not {score}")
        return self._give(rater, item, "scored", score, comment)

    def skip(self, rater: str, item: str, comment: str = "") -> Given:
        """Save that a rater cannot judge a video. Others may still be asked; this rater is not asked again.

        Args:
            rater: the rater's name.
            item: the item.
            comment: why.

        Raises:
            UsageError: the rater's name is not valid.
            UnknownItemError: there is no such item.
            RecordError: the file with the scores cannot be read; it is left as it is.

        """
        return self._give(rater, item, "skipped", None, comment or CANNOT_JUDGE)

    def undo(self, rater: str, *, expected: str | None = None) -> TakenBack | None:
        """Take back what a rater has said last, and lease that item to the rater again.

        Args:
            rater: the rater's name.
            expected: the item that has to be the last one, so that a request which is sent twice takes back only one.

        Returns:
            What it was; `None` if the rater has said nothing.

        Raises:
            UsageError: the rater's name is not valid.
            ConflictError: the last item is another one than expected.
            RecordError: the file with the scores cannot be read; it is left as it is.

        """
        rater = check_rater(rater)
        with self._saving():
            while (item := self._keeper.using(lambda index, _: index.last_word(rater))) is not None:
                if expected not in (None, item):
                    raise ConflictError("the last item is another one", hint="nothing was taken back")
                key = self._key(item)
                evaluation = self._evaluation(key)
                word = _word(evaluation, key, rater)
                if word is not None:
                    records = tuple(score for score in evaluation.records if score is not word)
                    self._save(key, evaluation.model_copy(update={"records": records}))
                self._note(key, lease=None if word is None else (rater, item))
                if word is not None:
                    return TakenBack(self.item(item), word)
        return None

    def progress(self) -> StudyProgress:
        """Return how far the raters have come."""

        def count(index: Index, _: RatingPlan) -> StudyProgress:
            counts, unfinished = index.counts(), index.unfinished()
            return StudyProgress(
                items=counts.items,
                complete=counts.complete,
                needed=counts.needed,
                given=counts.given,
                raters=tuple(_rater(name, numbers, unfinished) for name, numbers in index.rater_counts().items()),
                problems=tuple(
                    Problem(
                        trouble.item,
                        self._root.run_metadata(trouble.key)
                        if trouble.is_of_run
                        else scores_file(self._root, trouble.key),
                        trouble.problem,
                    )
                    for trouble in index.troubles()
                ),
            )

        return self._keeper.using(count)

    def rater_progress(self, rater: str) -> RaterProgress:
        """Return how far one rater has come; `UsageError` if the name is not valid."""
        name = check_rater(rater)
        return self._keeper.using(lambda index, _: _progress_of(index, name))

    def scores(self) -> dict[str, dict[str, int]]:
        """Return the scores by item and rater, both sorted; what was skipped is not there."""
        found: dict[str, dict[str, int]] = {}
        for item, rater, score in self._keeper.using(lambda index, _: index.scores()):
            found.setdefault(item, {})[rater] = score
        return found

    def _give(
        self, rater: str, item: str, status: Literal["scored", "skipped"], score: int | None, comment: str
    ) -> Given:
        rater, key = check_rater(rater), self._key(item)
        run = load_run(self._root, key)
        with self._saving():
            evaluation = self._evaluation(key)
            said = Score(
                run_id=key.run_id,
                rater=rater,
                status=status,
                score=score,
                passed=None if score is None else score >= PASS_SCORE,
                explanation=comment,
                created_at=timestamp(),
                video_sha256=run.video_sha256,
            )
            self._save(key, evaluation.with_score(said, _VERSION))
            self._note(key)
        return Given(item, said, _word(evaluation, key, rater))

    @contextmanager
    def _saving(self) -> Iterator[None]:
        """Keep all other writers of this experiment's scores out, in this process and in others."""
        lock = self._root.lock("rating", self._experiment)
        with waiting_lock(lock, "saving a score", seconds=SAVING_SECONDS), at_work(self._root, self._experiment):
            yield

    def _evaluation(self, key: RunKey) -> Evaluation:
        return load_evaluation(self._root, key.experiment, key.model, key.pair, HUMAN_EVALUATION) or Evaluation(
            evaluator=HUMAN_EVALUATION,
            version=_VERSION,
            experiment=key.experiment,
            model=key.model,
            domain=key.domain,
            task_id=key.task_id,
        )

    def _save(self, key: RunKey, evaluation: Evaluation) -> None:
        path = scores_file(self._root, key)
        evaluation.save(path)
        note_change(self._root, path.parent)

    def _note(self, key: RunKey, lease: tuple[str, str] | None = None) -> None:
        """Tell the index what the evaluation file says now, and that a rater has an item in hand again."""

        def note(index: Index, plan: RatingPlan) -> None:
            with index.transaction():
                self._scanner(index, plan).note_scores(key)
                if lease is not None:
                    index.hold_first(*lease, self._clock() + self._lease_seconds)

        self._keeper.using(note)

    def _scanner(self, index: Index, plan: RatingPlan) -> Scanner:
        return Scanner(self._root, self._experiment, plan, index)

    def _key(self, item: str) -> RunKey:
        return self._keeper.using(lambda index, plan: self._found(index, plan, item))

    def _found(self, index: Index, plan: RatingPlan, item: str) -> RunKey:
        scanner, key = self._scanner(index, plan), index.find(item)
        if key is not None and not scanner.is_known(key):
            with index.transaction():
                scanner.look_again(key)
            key = index.find(item)
        if key is None:
            raise UnknownItemError(item)
        return key

    def _shown(self, plan: RatingPlan, item: str, key: RunKey) -> Item:
        run = load_run(self._root, key)
        try:
            difficulty = load_pair(self._root, key.pair).difficulty
        except RecordError:
            difficulty = None  # the outputs may have been pulled without the questions
        return Item(item, key, None if plan.blind else key.model, run.prompt, difficulty, run.video)


def _word(evaluation: Evaluation, key: RunKey, rater: str) -> Score | None:
    for score in evaluation.records:
        if (score.run_id, score.rater) == (key.run_id, rater):
            return score
    return None


def _progress_of(index: Index, rater: str) -> RaterProgress:
    numbers = index.rater_counts(rater).get(rater, RaterCounts())
    return _rater(rater, numbers, index.unfinished())


def _rater(name: str, numbers: RaterCounts, unfinished: int) -> RaterProgress:
    return RaterProgress(name, numbers.scored, numbers.skipped, unfinished - numbers.unfinished)
