"""Auditing evaluators."""

from dataclasses import dataclass

import pytest

from vmevalkit import media
from vmevalkit.errors import UnknownNameError
from vmevalkit.evaluators import RuleEvaluator, Verdict
from vmevalkit.runner.audit import CONDITIONS, FRAMES, KINDS, ORACLE, audit_evaluator
from vmevalkit.tasks import BUILT_IN_DOMAINS


@dataclass(frozen=True)
class Always:
    """An evaluator that says the same of everything, and looks whether it was shown a film at all."""

    score: int | None
    name: str = "Always"
    version: str = "1"
    description: str = "for tests"
    at_once: int = 0

    def evaluate(self, item):
        info = media.probe(item.video)
        sizes = {(condition.width, condition.height) for condition in CONDITIONS}
        if info.frames != FRAMES or (info.width, info.height) not in sizes:
            raise AssertionError(f"not such a film: {info}")
        if not (item.question.first_frame.is_file() and item.question.final_frame.is_file()):
            raise AssertionError("the question's frames are not there")
        return Verdict("error" if self.score is None else "scored", self.score, "as always")


@pytest.mark.parametrize("domain", BUILT_IN_DOMAINS)
def test_the_rule_evaluator_passes_the_solution_and_nothing_else(domain):
    found = audit_evaluator(RuleEvaluator(), domains=[domain], questions=2)
    assert found.findings == ()
    assert {tally.kind for tally in found.tallies} == set(KINDS)
    assert {tally.kind for tally in found.tallies if tally.errors} <= {"noise"}
    assert found.accuracy(domain) == 1.0


@pytest.mark.parametrize(("score", "wrong"), [(5, set(KINDS) - {ORACLE}), (2, {ORACLE})])
def test_an_evaluator_without_eyes_is_found_out(score, wrong):
    found = audit_evaluator(Always(score), domains=["raven"], questions=1)
    assert {finding.kind for finding in found.findings} == wrong
    assert found.accuracy("raven") == pytest.approx(1 - len(wrong) / len(KINDS))


def test_films_that_are_not_judged_are_counted_apart(tmp_path):
    found = audit_evaluator(Always(None), domains=["raven"], questions=1, kinds=["static"], keep=tmp_path)
    (tally,) = found.tallies
    assert (tally.films, tally.errors, tally.judged) == (2, 2, 0)
    assert found.accuracy("raven") is None
    assert found.errors == {"static: as always": 2}
    assert list(tmp_path.iterdir()) == []


def test_films_that_were_scored_wrongly_can_be_kept(tmp_path):
    found = audit_evaluator(Always(5), domains=["raven"], questions=1, kinds=["static"], keep=tmp_path / "kept")
    assert sorted(finding.video for finding in found.findings) == sorted(p.name for p in (tmp_path / "kept").iterdir())
    assert {media.probe(path).frames for path in (tmp_path / "kept").iterdir()} == {FRAMES}


def test_the_same_seed_makes_the_same_films_with_any_number_of_workers(tmp_path):
    for workers in (1, 2):
        audit_evaluator(
            Always(5), domains=["maze"], questions=2, kinds=["wrong"], keep=tmp_path / str(workers), workers=workers
        )
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "12")
    assert one == two
    assert len(one) == 4


def test_an_evaluator_that_waits_is_given_films_from_threads():
    found = audit_evaluator(Always(5, at_once=2), domains=["raven"], questions=2, kinds=["oracle"])
    assert [tally.passed for tally in found.tallies] == [4]


def test_what_is_named_twice_is_audited_once():
    found = audit_evaluator(Always(5), domains=["raven", "raven"], kinds=["static", "static"], questions=1)
    assert [(tally.kind, tally.films) for tally in found.tallies] == [("static", len(CONDITIONS))]


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="unknown kind of film: jmup"):
        audit_evaluator(Always(5), kinds=["jmup"])
    with pytest.raises(UnknownNameError, match="unknown domain: ravn"):
        audit_evaluator(Always(5), domains=["ravn"])
