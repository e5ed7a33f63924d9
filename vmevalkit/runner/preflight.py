"""The checklist before an experiment: is there everything that it needs?"""

import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from vmevalkit.dataroot import DataRoot, iter_manifest
from vmevalkit.errors import VMEvalError
from vmevalkit.models import catalogue, find_model, is_hosted
from vmevalkit.runner.studios import check_ready
from vmevalkit.settings import Settings, load_settings, secrets
from vmevalkit.snapshots import check_access, open_remote

__all__ = ["GROUPS", "Check", "pre_experiment_check", "run_checks"]

GROUPS = ("dataset", "remote", "disk", "models")
"""Parts of the list that can be gone through alone."""
FREE_MB = 10_000
"""Megabytes (10^6 bytes) that have to be free."""

_NAMED = 3


@dataclass(frozen=True)
class Check:
    """One point of the list."""

    name: str
    passed: bool
    required: bool
    """Without it, the experiment does not work; otherwise it is good to know."""
    detail: str
    """What was found, or what is missing and the way out."""


def pre_experiment_check(data_dir: Path | str | None = None) -> bool:
    """Print the checklist, a line each, and return whether all that is required is there.

    Args:
        data_dir: the data root; ``VMEVAL_DATA_DIR`` or ``data`` if `None`.

    """
    settings = load_settings()
    passed = True
    for check in run_checks(DataRoot(Path(data_dir or settings.data_dir)), settings, secrets()):
        sys.stdout.write(f"{line(check)}\n")
        passed &= check.passed or not check.required
    return passed


def line(check: Check) -> str:
    """Return a check as a line of text."""
    mark = "✅" if check.passed else "❌" if check.required else "⚠️ "
    return f"{mark} {check.name:<26} {check.detail}"


def run_checks(
    root: DataRoot,
    settings: Settings,
    keys: Mapping[str, str],
    *,
    groups: Collection[str] = GROUPS,
    models: Collection[str] | None = None,
    remote: str | None = None,
) -> Iterator[Check]:
    """Yield the points of the list as they are found out.

    Args:
        root: the data root.
        settings: where the remote and the user's own models are.
        keys: where the keys of providers are looked up.
        groups: which of `GROUPS`.
        models: the models that the experiment needs; `None` for a look at all that are hosted.
        remote: another remote than the settings name.

    """
    if "dataset" in groups:
        yield from _dataset(root)
    if "remote" in groups:
        yield from _remote(settings, remote)
    if "disk" in groups:
        yield _disk_space(root)
    if "models" in groups:
        yield from _models(settings, keys, models)


def _dataset(root: DataRoot) -> Iterator[Check]:
    if not root.manifest.is_file():
        yield Check("dataset_exists", False, True, f"{root.manifest}: no such file; make it with 'vmevalkit create'")
        return
    images: list[str] = []
    prompts: list[str] = []
    count, bad_images, bad_prompts = 0, 0, 0
    try:
        for pair in iter_manifest(root.manifest):
            count += 1
            problem = _image_problem(root, pair.first_image_path) or _image_problem(root, pair.final_image_path)
            if problem is not None:
                bad_images += 1
                images += [problem] if bad_images <= _NAMED else []
            if not pair.prompt.strip():
                bad_prompts += 1
                prompts += [pair.id] if bad_prompts <= _NAMED else []
    except VMEvalError as error:
        yield Check("dataset_exists", False, True, error.message)
        return
    yield Check("dataset_exists", bool(count), True, f"{count} questions in {root.manifest}")
    yield Check(
        "images_complete", not bad_images, True, _summary(images, bad_images, "questions lack an image", "all there")
    )
    yield Check(
        "prompts_valid", not bad_prompts, True, _summary(prompts, bad_prompts, "questions have no prompt", "all there")
    )


def _summary(named: list[str], count: int, problem: str, otherwise: str) -> str:
    return f"{count} {problem}, such as {', '.join(named)}" if count else otherwise


def _image_problem(root: DataRoot, relative: str) -> str | None:
    try:
        with Image.open(root.image(relative)) as image:
            image.verify()
    except VMEvalError:
        return f"{relative} (missing)"
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError):
        return f"{relative} (cannot be decoded)"
    return None


def _remote(settings: Settings, url: str | None) -> Iterator[Check]:
    try:
        found = list(check_access(open_remote(url or settings.remote_url, settings, create=True)))
    except VMEvalError as error:
        yield Check("s3_configured", False, True, f"{error.message}; {error.hint}" if error.hint else error.message)
        return
    wrong = [check for check in found if check.required and not check.passed]
    yield Check("s3_configured", not wrong, True, (wrong or found)[0].detail)
    for check in found:
        yield Check(check.name, check.passed, check.required, check.detail)


def _disk_space(root: DataRoot) -> Check:
    folder = root.path.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 10**6
    enough = free > FREE_MB
    return Check("disk_space", enough, True, f"{free} MB free" + ("" if enough else f"; at least {FREE_MB} are needed"))


def _models(settings: Settings, keys: Mapping[str, str], names: Collection[str] | None) -> Iterator[Check]:
    try:
        known = catalogue(settings.models)
    except VMEvalError as error:
        yield Check("models_configured", False, True, error.message)
        return
    if names is None:
        wanted = sorted({entry.needs[0] for entry in known.values() if is_hosted(entry) and entry.needs})
        for variable in wanted:
            is_set = bool(keys.get(variable, "").strip())
            yield Check(f"key {variable}", is_set, False, "set" if is_set else "not set; its models cannot be run")
        return
    for name in names:
        try:
            check_ready(find_model(known, name), keys)
        except VMEvalError as error:
            yield Check(f"model {name}", False, True, f"{error.message}; {error.hint}" if error.hint else error.message)
        else:
            yield Check(f"model {name}", True, True, "can begin")
