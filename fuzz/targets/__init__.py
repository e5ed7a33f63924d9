"""All targets, by name."""

from fuzz.target import Target
from fuzz.targets import answers, caches, exports, films, manifests, names, records, requests, settings, trees

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (records, manifests, names, settings, answers, requests, exports, trees, caches, films)
    for target in module.TARGETS
}
