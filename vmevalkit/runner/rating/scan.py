"""Brings the index up to date with the folders, reading only what looks different than before."""

import os
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from vmevalkit.dataroot import (
    HUMAN_EVALUATION,
    RUN_METADATA_NAME,
    RUN_VIDEO_PATH,
    DataRoot,
    FileState,
    PairKey,
    RunKey,
    load_evaluation,
    load_run,
)
from vmevalkit.errors import RecordError
from vmevalkit.runner.rating.index import Film, Index, Words
from vmevalkit.runner.rating.plan import RatingPlan, place_of

_AT_ONCE = 500
"""So many questions are written in one transaction: others wait for its end."""


class _Change(NamedTuple):
    """A question that is not as the index has it."""

    task_id: str
    known: str | None
    """How the index said that its evaluation file looked."""
    films: list[Film]
    words: Words


class Scanner:
    """Looks at the folders of one experiment under one plan, and tells the index what is there."""

    def __init__(self, root: DataRoot, experiment: str, plan: RatingPlan, index: Index) -> None:
        self._root, self._experiment, self._plan, self._index = root, experiment, plan, index

    def look_at_all(self) -> None:
        """Look at all folders. Others may use the index, and write scores, while this goes on."""
        there = set()
        for model in self._root.models(self._experiment):
            for narrow in self._plan.domains or (None,):
                runs = self._root.iter_runs(self._experiment, model, narrow)
                for domain, group in groupby(runs, key=lambda key: key.domain):
                    if self._plan.wants(model, domain):
                        there.add((model, domain))
                        self._look_at_folder(model, domain, list(group))
        for model, domain in self._index.folders():
            if (model, domain) not in there:
                with self._index.transaction():
                    self._index.forget(model, domain)

    def is_known(self, key: RunKey) -> bool:
        """Tell whether a run and what people have said about it look as the index has them."""
        return self._index.states(key) == (self._run_state(key), self._file_state(key.model, key.pair))

    def look_again(self, key: RunKey) -> bool:
        """Look at the question of one run if it is not as the index has it; tell whether it was so.

        To be called in a transaction.
        """
        if self.is_known(key):
            return False
        root = self._root
        runs = list(root.iter_runs(self._experiment, key.model, key.domain, key.task_id))
        words = self._words(key.model, key.pair)
        self._index.put_question(key.model, key.domain, key.task_id, map(self._film, runs), words)
        return True

    def note_scores(self, key: RunKey) -> None:
        """Tell the index what the evaluation file of a run's question says. To be called in a transaction."""
        self._index.put_words(key.model, key.domain, key.task_id, self._words(key.model, key.pair))

    def _words(self, model: str, pair: PairKey) -> Words:
        """Read the file with people's scores on a question of a model."""
        # The state first: a file that changes in between looks old then, and is read again.
        state = self._file_state(model, pair)
        try:
            evaluation = load_evaluation(self._root, self._experiment, model, pair, HUMAN_EVALUATION)
        except RecordError as error:
            return Words(state, error.problem, ())
        return Words(state, None, evaluation.records if evaluation else ())

    def _look_at_folder(self, model: str, domain: str, keys: list[RunKey]) -> None:
        """Look at a model's questions in a domain."""
        runs, files = self._index.runs(model, domain), self._index.files(model, domain)
        changes: list[_Change] = []
        for task_id, group in groupby(keys, key=lambda key: key.task_id):
            found = list(group)
            states = {key.run_id: self._run_state(key) for key in found}
            pair = PairKey(domain, task_id)
            if runs.pop(task_id, None) == states and files[task_id] == self._file_state(model, pair):
                continue
            films = [self._film(key) for key in found]
            changes.append(_Change(task_id, files.get(task_id), films, self._words(model, pair)))
            if len(changes) == _AT_ONCE:
                self._write(model, domain, changes)
                changes.clear()
        changes += (_Change(task_id, files[task_id], [], Words("", None, ())) for task_id in runs)
        self._write(model, domain, changes)

    def _write(self, model: str, domain: str, changes: list[_Change]) -> None:
        if not changes:
            return
        with self._index.transaction():
            now = self._index.files(model, domain)
            for change in changes:
                # Whoever has saved a score since we read the file has told the index more than we can.
                if now.get(change.task_id) == change.known:
                    self._index.put_question(model, domain, change.task_id, change.films, change.words)

    def _film(self, key: RunKey) -> Film:
        place = place_of(self._plan, key)
        state = self._run_state(key)
        is_film, problem = False, None
        try:
            is_film = load_run(self._root, key).status == "succeeded" and self._root.run_video(key).is_file()
        except RecordError as error:
            problem = error.problem
        return Film(key, place.item, place.turn, place.need, state, is_film, problem)

    def _run_state(self, key: RunKey) -> str:
        folder = str(self._root.run_folder(key))  # many paths are quicker as text
        return f"{_state(f'{folder}/{RUN_METADATA_NAME}')} {_state(f'{folder}/{RUN_VIDEO_PATH}')}"

    def _file_state(self, model: str, pair: PairKey) -> str:
        return _state(self._root.evaluation_file(self._experiment, model, pair, HUMAN_EVALUATION))


def scores_file(root: DataRoot, key: RunKey) -> Path:
    """Return the file with people's scores of a run, and of the same model's other runs on the same question."""
    return root.evaluation_file(key.experiment, key.model, key.pair, HUMAN_EVALUATION)


def _state(path: str | Path) -> str:
    try:
        return ":".join(map(str, FileState.of(os.stat(path))))  # noqa: PTH116 - as above
    except FileNotFoundError:
        return "missing"
