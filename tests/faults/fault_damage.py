"""Input that is damaged before a verb reads it: it is named, the rest goes on, and nothing else is touched."""

from collections.abc import Callable
from dataclasses import dataclass

from fault_invariants import misconduct
from fault_ledger import Trial
from fault_sites import files
from fault_trials import Disturbed, Reference, Workshop
from fault_verbs import EXPERIMENT, FIRST, Verb

from vmevalkit.dataroot import write_bytes

Harm = Callable[[bytes], bytes]


def cut_short(data: bytes) -> bytes:
    """Lose the second half."""
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """Have one bit turned over in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def garbage(data: bytes) -> bytes:
    """Be something else altogether."""
    return b"\xff\x00 no such thing" * (1 + len(data) // 16)


@dataclass(frozen=True)
class Damage:
    """A damaged input of a verb, and what is expected of it."""

    verb: str
    what: str
    pattern: str
    """Which file: the first that matches, or all of them if it ends in ``*``."""
    harm: Harm
    code: int = 1
    named: str = ""
    """What the message has to name; the folder of the file if it is empty and the exit status is not 0."""


_NOTED = ("evaluations/", "questions/vmeval_dataset.json", "out/")
_PAIR = "data/questions/maze_task/maze_0001/question_metadata.json"
_FRAME = "data/questions/maze_task/maze_0001/first_frame.png"
_RUN = f"data/outputs/{EXPERIMENT}/static/maze_task/maze_0001/*/metadata.json"
_VIDEO = f"data/outputs/{EXPERIMENT}/static/maze_task/maze_0001/*/video/model_output.mp4"
_SCORE = f"data/evaluations/{EXPERIMENT}/oracle/maze_task/maze_0001/RuleEvaluator.json"
_STATE = "data/.vmevalkit/*.sqlite*"
_OBJECT = f"remote/{FIRST}/data/{_FRAME.removeprefix('data/')}"
_ROWS = f"remote/{FIRST}/manifest.jsonl.gz"

DAMAGES = [
    Damage("create", "metadata cut short", _PAIR, cut_short),
    Damage("run", "metadata cut short", _PAIR, cut_short),
    Damage("run", "frame cut short", _FRAME, cut_short),
    Damage("evaluate", "run cut short", _RUN, cut_short),
    Damage("evaluate", "video cut short", _VIDEO, cut_short, code=0),
    Damage("pull", "object flipped", _OBJECT, flipped),
    Damage("pull", "manifest cut short", _ROWS, cut_short),
    Damage("validate --fix", "metadata cut short", _PAIR, cut_short),
    Damage("validate --fix", "run cut short", _RUN, cut_short),
    Damage("migrate questions", "metadata cut short", "source/*/*_task/*_00000001/metadata.json", cut_short),
    Damage("migrate questions", "frame flipped", "source/*/*_task/*_00000001/first_frame.png", flipped),
    Damage("export", "metadata cut short", _PAIR, cut_short),
    Damage("export", "run cut short", _RUN, cut_short),
    Damage("unarchive", "object flipped", f"remote/archive/{EXPERIMENT}/{_VIDEO}", flipped),
    Damage("unarchive", "stub cut short", f"data/outputs/{EXPERIMENT}/archived.json", cut_short),
    Damage("retain", "object flipped", _OBJECT.replace(FIRST, "20250116"), flipped, code=0),
    Damage("index", "run cut short", _RUN, cut_short),
    Damage("report", "score cut short", _SCORE, cut_short),
]


def damaged(workshop: Workshop, verb: Verb, damage: Damage) -> Trial:
    """Damage an input, run the verb, and bring the input back before it is repeated."""
    site = workshop.site(verb)
    paths = sorted(path for path in site.folder.glob(damage.pattern) if path.is_file())
    whole = {path: path.read_bytes() for path in (paths if damage.pattern.endswith("*") else paths[:1])}
    assert whole, damage

    def disturb(reference: Reference) -> Disturbed:
        for path, data in whole.items():
            path.write_bytes(damage.harm(data))
        before = files(site.data)
        said = workshop.victim(site, verb, {})
        wrong = misconduct(said)
        if said.code != damage.code:
            wrong.append(f"exit status {said.code}, not {damage.code}: {said.all[-1000:]}")
        names = damage.named or next(iter(whole)).parent.name
        if said.code and names not in said.all:
            wrong.append(f"{names} is not named: {said.all[-1000:]}")
        wrong += _touched(before, files(site.data), reference)
        for path, data in whole.items():
            write_bytes(path, data)  # as a pull does: a new file takes the place of the old one
        return f"exit status {said.code}", wrong

    return workshop.attempt(verb, "damage", damage.what, site, disturb, noted=_NOTED)


def _touched(before: dict[str, bytes], now: dict[str, bytes], reference: Reference) -> list[str]:
    """Name the files that are gone or different although the verb leaves them alone when nothing is damaged."""
    kept = {path for path, _ in reference.before.data & reference.after.data}
    return [f"touched: {path}" for path in sorted(kept & before.keys()) if now.get(path) != before[path]]
