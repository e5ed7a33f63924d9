"""Each verb under each kind of fault: nothing is lost, doubled or half, and the same command completes the work.

In CI a few faults of each kind, with ``VMEVAL_LONG=1`` (`make faults`) all of `PLAN`, and a table of them at the end.
"""

from collections.abc import Iterable, Iterator
from itertools import product

import pytest
from fault_damage import DAMAGES, Damage, damaged
from fault_kinds import CLOCKS, clock_skewed, disk_full, killed, out_of_memory, twice
from fault_ledger import Trial, table
from fault_network import NETWORKS, network_down
from fault_verbs import FOR_DAMAGE, NOT_TRIED, VERBS
from support.long import LONG, longer

from vmevalkit.cli import app

KINDS = ("kill", "disk full", "memory", "clock", "twice", "network", "damage")
REMOTE = [name for name, verb in VERBS.items() if verb.uses_remote]

EXCUSED = {
    **{(verb, "network"): "needs no network" for verb in VERBS if verb not in REMOTE},
    ("report", "memory"): "SciPy's OpenBLAS tries for ever to get memory while it is loaded; nothing is written then",
    ("create --output", "damage"): "reads nothing but what it has written: tests/export/test_stream_large_dataset.py",
    ("push", "damage"): "carries bytes as they are; damage of the remote: tests/snapshots/test_bit_rot.py",
    ("archive", "damage"): "carries bytes as they are; damage of the remote: tests/lifecycle/test_archive.py",
    ("clean", "damage"): "reads no file",
    ("migrate", "damage"): "as 'migrate questions'; videos are brought as they are, and validate names damaged ones",
    ("export hf", "damage"): "as 'export'",
}
"""What is not tried, and why."""


Cases = list[tuple[str, object]]
"""Verbs, and what is done to each: the number of a trial, a kind of clock, of network or of damage."""


def _each(verbs: Iterable[str], what: Iterable[object]) -> Cases:
    return list(product(verbs, list(what)))


_IN_MEMORY = [verb for verb in VERBS if (verb, "memory") not in EXCUSED]
PLAN: dict[str, Cases] = {
    "kill": _each(VERBS, range(5)),
    "disk full": _each(VERBS, range(2)),
    "memory": _each(_IN_MEMORY, range(2)),
    "clock": _each(VERBS, CLOCKS),
    "twice": _each(VERBS, range(1)),
    "network": _each(REMOTE, NETWORKS),
    "damage": [(damage.verb, damage) for damage in DAMAGES],
}
"""All trials, by kind of fault."""
_DAMAGES = {f"{damage.verb} {damage.what}": (damage.verb, damage) for damage in DAMAGES}
FEW: dict[str, Cases] = {
    "kill": _each(VERBS, range(1)),
    "disk full": _each(VERBS, range(1)),
    "memory": [("evaluate", 0), ("push", 0), ("run", 1)],
    "clock": [("push", "a day behind")],
    "twice": _each(["create", "archive"], range(1)),
    "network": [("push", "refused"), ("pull", "500 midway")],
    "damage": [_DAMAGES["pull object flipped"], _DAMAGES["export metadata cut short"]],
}
"""Those of every day."""


def trials(kind: str) -> pytest.MarkDecorator:
    """Give a test the trials of a kind that are made today."""
    cases = longer(FEW, PLAN)[kind]
    names = [f"{verb}-{what.what if isinstance(what, Damage) else what}" for verb, what in cases]
    return pytest.mark.parametrize(("verb", "what"), cases, ids=names)


def _check(trial: Trial) -> None:
    assert trial.losses == ()


@pytest.mark.long
@trials("kill")
def test_killed_at_any_moment_nothing_is_lost_and_the_same_command_completes_the_work(workshop, verb, what):
    _check(killed(workshop, VERBS[verb], what))


@pytest.mark.long
@trials("disk full")
def test_on_a_full_disk_the_reason_is_told_and_nothing_is_lost(workshop, verb, what):
    _check(disk_full(workshop, VERBS[verb], what))


@pytest.mark.long
@trials("memory")
def test_with_too_little_memory_nothing_is_lost(workshop, verb, what):
    _check(out_of_memory(workshop, VERBS[verb], what))


@pytest.mark.long
@trials("clock")
def test_with_a_clock_that_is_wrong_nothing_is_lost(workshop, verb, what):
    _check(clock_skewed(workshop, VERBS[verb], what))


@pytest.mark.long
@trials("twice")
def test_of_two_at_once_one_does_the_work_and_nothing_is_doubled(workshop, verb, what):
    _check(twice(workshop, VERBS[verb], what))


@pytest.mark.long
@pytest.mark.s3
@trials("network")
def test_when_the_network_is_cut_nothing_is_lost(workshop, moto_place, verb, what):
    _check(network_down(workshop, VERBS[verb], what, moto_place))


@pytest.mark.long
@trials("damage")
def test_damaged_input_is_named_and_the_rest_goes_on(workshop, verb, what):
    _check(damaged(workshop, FOR_DAMAGE[verb], what))


@pytest.fixture(scope="module", autouse=True)
def closing_of_the_books(workshop, request) -> Iterator[None]:
    """When all trials are over, what they have written down is read again: no loss, and no trial that is missing."""
    yield
    made = workshop.ledger.trials()
    if LONG:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            request.config.get_terminal_writer().line("\n\n" + table(made, EXCUSED))
    assert workshop.ledger.losses() == []
    assert len(made) == workshop.attempts


def test_each_verb_meets_each_kind_of_fault_or_it_says_why_not():
    tried = {(verb, kind) for kind, cases in PLAN.items() for verb, _ in cases}
    assert {(verb, kind) for verb in VERBS for kind in KINDS} <= tried | EXCUSED.keys()
    assert not tried & EXCUSED.keys()


def test_what_is_tried_every_day_is_a_part_of_the_plan():
    assert FEW.keys() == PLAN.keys() == set(KINDS)
    assert all(case in PLAN[kind] for kind, cases in FEW.items() for case in cases)
    assert all(FEW.values())


def test_each_command_is_tried_or_it_says_why_not():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    tried = {name.split()[0] for name in VERBS}
    assert commands == tried | NOT_TRIED.keys()
    assert not tried & NOT_TRIED.keys()
