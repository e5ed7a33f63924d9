"""The kinds of faults: each disturbs a verb in its way and tells how that ended."""

import os

from fault_invariants import misconduct
from fault_ledger import Trial
from fault_sites import Said
from fault_trials import HUNG, Disturbed, Reference, Workshop, ended, randomness
from fault_verbs import Verb

DAY = 86_400
SMALLEST_MEMORY = 1 << 20
NO_ROOM = ("no space left", "File too large", "disk is full", "disk full")
TOLD = ("another process", "another push", "somebody", "already")
_SIGKILL = -9


def killed(workshop: Workshop, verb: Verb, number: int) -> Trial:
    """Kill it between two steps, or a moment after one."""
    chance = randomness(verb.name, "kill", number)
    site = workshop.site(verb)

    def disturb(reference: Reference) -> Disturbed:
        among = "writes" if number % 2 == 0 else "steps"
        at = chance.randint(1, getattr(reference, among))
        # A remote is written to outside Python, where there are no steps.
        delay = chance.uniform(0, 0.02) if verb.uses_remote and number % 4 != 0 else 0
        said = workshop.victim(site, verb, {"kill": {"among": among, "at": at, "delay": delay}})
        wrong = misconduct(said)
        if said.code not in (_SIGKILL, 0):
            wrong.append(f"exit status {said.code}: {said.err}")
        return "killed" if said.code == _SIGKILL else "done before", wrong

    return workshop.attempt(verb, "kill", f"number {number}", site, disturb)


def disk_full(workshop: Workshop, verb: Verb, number: int) -> Trial:
    """Leave less room than it needs."""
    share = 0.5 if number == 0 else randomness(verb.name, "disk", number).random()
    site = workshop.site(verb, on_disk=True)

    def disturb(reference: Reference) -> Disturbed:
        room = int(max(reference.size, 0) * share)
        if workshop.disk.is_real:
            with workshop.disk.with_room(room):
                said = workshop.victim(site, verb, {})
        else:
            said = workshop.victim(site, verb, {"file_size": max(room // 8, 1)})
        return refused_or_done(said, NO_ROOM, "no room")

    kind = f"{share:.0%} of the room" if workshop.disk.is_real else "no large files (RLIMIT_FSIZE)"
    return workshop.attempt(verb, "disk full", kind, site, disturb)


def out_of_memory(workshop: Workshop, verb: Verb, number: int) -> Trial:
    """Give it less memory than it needs for its work."""
    share = 0.3 if number == 0 else randomness(verb.name, "memory", number).random()
    site = workshop.site(verb)

    def disturb(reference: Reference) -> Disturbed:
        limit = SMALLEST_MEMORY + int(reference.grown * share)
        said = workshop.victim(site, verb, {"memory": limit})
        if said.code < 0:  # The libraries in C and Rust end the process.
            return f"ended by signal {-said.code}", [HUNG] if HUNG in said.err else []
        return refused_or_done(said, ("memory",), "no memory")

    return workshop.attempt(verb, "memory", f"{share:.0%} of the memory", site, disturb, noted=("evaluations/",))


CLOCKS: dict[str, dict[str, float]] = {
    "a day ahead": {"at": 0, "seconds": DAY},
    "a day behind": {"at": 0, "seconds": -DAY},
    "jumps back": {"seconds": -DAY},
    "jumps ahead": {"seconds": DAY},
}


def clock_skewed(workshop: Workshop, verb: Verb, clock: str) -> Trial:
    """Let the clock be wrong, or become wrong in the middle."""
    site = workshop.site(verb)

    def disturb(reference: Reference) -> Disturbed:
        shift = {"at": reference.steps // 2, **CLOCKS[clock]}
        said = workshop.victim(site, verb, {"clock": shift})
        return refused_or_done(said, (), "refused")

    return workshop.attempt(verb, "clock", clock, site, disturb)


def twice(workshop: Workshop, verb: Verb, number: int) -> Trial:
    """Run two of it at once, both about to write."""
    site = workshop.site(verb)

    def disturb(reference: Reference) -> Disturbed:
        barrier = workshop.folder / f"barrier-{os.urandom(4).hex()}"
        barrier.mkdir()
        running = [workshop.start(site, verb, {"barrier": str(barrier)}) for _ in range(2)]
        said = sorted((ended(process) for process in running), key=lambda one: one.code)
        wrong = [told for one in said for told in misconduct(one)]
        if said[0].code != 0:
            wrong.append(f"neither has done it: {said[0].err} / {said[1].err}")
        if said[1].code and not any(word in said[1].err for word in TOLD):
            wrong.append(f"it was not told that there is another one: {said[1].err}")
        return "both done" if said[1].code == 0 else "one done, one told", wrong

    return workshop.attempt(verb, "twice", f"number {number}", site, disturb)


def refused_or_done(said: Said, words: tuple[str, ...], outcome: str) -> Disturbed:
    wrong = misconduct(said)
    if said.code != 0 and words and not any(word.lower() in said.all.lower() for word in words):
        wrong.append(f"exit status {said.code} without the reason: {said.all[-1000:]}")
    return "done" if said.code == 0 else outcome, wrong
