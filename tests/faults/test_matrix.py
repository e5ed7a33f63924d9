"""Each verb under each kind of fault: nothing is lost, doubled or half, and the same command completes the work.

In CI a few faults of each kind; with ``VMEVAL_LONG=1`` (`make faults`) many, and a table of them at the end.
"""

from collections.abc import Iterator

import pytest
from fault_damage import DAMAGES, damaged
from fault_kinds import CLOCKS, clock_skewed, disk_full, killed, out_of_memory, twice
from fault_ledger import Trial, table
from fault_network import NETWORKS, network_down
from fault_verbs import FOR_DAMAGE, LONG, NOT_TRIED, VERBS

from vmevalkit.cli import app

REMOTE = [name for name, verb in VERBS.items() if verb.uses_remote]
KILLS, FULL_DISKS, MEMORIES, TWICE = (5, 2, 2, 1) if LONG else (1, 1, 1, 1)
FEW_MEMORIES, FEW_CLOCKS, FEW_TWICE = ["evaluate", "push"], [("push", "a day behind")], ["create", "archive"]
FEW_NETWORKS = [("push", "refused"), ("pull", "500 midway")]
FEW_DAMAGES = ["pull object flipped", "export metadata cut short"]

_KINDS = ("kill", "disk full", "memory", "clock", "twice", "network", "damage")
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


def _check(trial: Trial) -> None:
    assert trial.losses == ()


@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_any_moment(workshop, verb, number):
    _check(killed(workshop, VERBS[verb], number))


@pytest.mark.parametrize("number", range(FULL_DISKS))
@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk(workshop, verb, number):
    _check(disk_full(workshop, VERBS[verb], number))


@pytest.mark.parametrize("number", range(MEMORIES))
@pytest.mark.parametrize("verb", [v for v in VERBS if (v, "memory") not in EXCUSED] if LONG else FEW_MEMORIES)
def test_too_little_memory(workshop, verb, number):
    _check(out_of_memory(workshop, VERBS[verb], number))


@pytest.mark.parametrize(("verb", "clock"), [(v, c) for v in VERBS for c in CLOCKS] if LONG else FEW_CLOCKS)
def test_a_clock_that_is_wrong(workshop, verb, clock):
    _check(clock_skewed(workshop, VERBS[verb], clock))


@pytest.mark.parametrize("number", range(TWICE))
@pytest.mark.parametrize("verb", VERBS if LONG else FEW_TWICE)
def test_two_at_once(workshop, verb, number):
    _check(twice(workshop, VERBS[verb], number))


@pytest.mark.s3
@pytest.mark.parametrize(("verb", "network"), [(v, n) for v in REMOTE for n in NETWORKS] if LONG else FEW_NETWORKS)
def test_a_network_that_is_cut(workshop, moto_place, verb, network):
    _check(network_down(workshop, VERBS[verb], network, moto_place))


@pytest.mark.parametrize(
    "damage",
    [pytest.param(d, id=f"{d.verb} {d.what}") for d in DAMAGES if LONG or f"{d.verb} {d.what}" in FEW_DAMAGES],
)
def test_damaged_input(workshop, damage):
    _check(damaged(workshop, FOR_DAMAGE[damage.verb], damage))


@pytest.fixture(scope="module", autouse=True)
def closing_of_the_books(workshop, request) -> Iterator[None]:
    """When all trials are over, what they have written down is read again: no loss, and no trial that is missing."""
    yield
    trials = workshop.ledger.trials()
    if LONG:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            request.config.get_terminal_writer().line("\n\n" + table(trials, EXCUSED))
    assert workshop.ledger.losses() == []
    assert len(trials) == workshop.attempts


def test_each_verb_meets_each_kind_of_fault_or_it_says_why_not():
    damage = {(one.verb, "damage") for one in DAMAGES}
    network = {(verb, "network") for verb in REMOTE}
    everywhere = {(verb, kind) for verb in VERBS for kind in ("kill", "disk full", "clock", "twice")}
    memory = {(verb, "memory") for verb in VERBS if verb != "report"}
    tried = everywhere | memory | network | damage
    assert {(verb, kind) for verb in VERBS for kind in _KINDS} <= tried | EXCUSED.keys()
    assert not tried & EXCUSED.keys()


def test_each_command_is_tried_or_it_says_why_not():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    tried = {name.split()[0] for name in VERBS}
    assert commands == tried | NOT_TRIED.keys()
    assert not tried & NOT_TRIED.keys()
