"""The addresses that the API and the pages give out, each below the prefix of the proxy, if there is one."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from starlette.requests import Request

from vmevalkit.catalog import DEFAULT_EVALUATOR
from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, GROUND_TRUTH_NAME, VIDEO_NAME, PairKey, RunKey


@dataclass(frozen=True)
class Links:
    """Builds addresses."""

    prefix: str = ""
    """What a proxy puts before every path, such as ``/vmeval``; no slash at its end."""

    @classmethod
    def of(cls, request: Request) -> "Links":
        """Return the links for who asked."""
        # Below a mounted application, the root path is that of the mount.
        prefix = request.scope.get("app_root_path", request.scope.get("root_path", ""))
        return cls(str(prefix).rstrip("/"))

    def path(self, *parts: str) -> str:
        """Return an address of these parts, each quoted."""
        return "/".join([self.prefix, *map(_quoted, parts)])

    def with_query(self, path: str, **values: object) -> str:
        """Add the values that are given and are not empty."""
        given = {name: str(value) for name, value in values.items() if value not in (None, "", False)}
        return f"{path}?{urlencode(given)}" if given else path

    def static(self, name: str) -> str:
        """Return where a script, a style sheet or an icon is."""
        return f"{self.prefix}/static/{name}"

    # Media

    def video(self, key: RunKey) -> str:
        """Return where a run's video is."""
        path = self.path("media", "video", key.model, key.domain, key.task_id, key.run_id, VIDEO_NAME)
        return self.with_query(path, experiment=key.experiment)

    def poster(self, key: RunKey) -> str:
        """Return where a small picture of a run's video is: its last frame."""
        return self.path("media", "poster", key.experiment, key.model, key.domain, key.task_id, f"{key.run_id}.jpg")

    def strip(self, key: RunKey) -> str:
        """Return where some frames of a run's video are, side by side in one picture."""
        return self.path("media", "strip", key.experiment, key.model, key.domain, key.task_id, f"{key.run_id}.jpg")

    def first_frame(self, key: PairKey) -> str:
        """Return where a question's first frame is."""
        return self.path("media", "question", key.domain, key.task_id, FIRST_FRAME_NAME)

    def final_frame(self, key: PairKey) -> str:
        """Return where a question's solved frame is."""
        return self.path("media", "question", key.domain, key.task_id, FINAL_FRAME_NAME)

    def ground_truth(self, key: PairKey) -> str:
        """Return where the film of a question's solution is."""
        return self.path("media", "question", key.domain, key.task_id, GROUND_TRUTH_NAME)

    def thumbnail(self, key: PairKey) -> str:
        """Return where a small picture of a question's first frame is."""
        return self.path("media", "thumbnail", key.domain, f"{key.task_id}.png")

    def rating_media(self, experiment: str, item: str, kind: str) -> str:
        """Return where a rater sees something of an item; the address tells nothing about the model."""
        return self.path("api", "rating", experiment, "media", item, kind)

    # Pages

    def overview(self, experiment: str | None = None, evaluator: str | None = None) -> str:
        """Return the page that everything starts from."""
        return self.with_query(f"{self.prefix}/", experiment=experiment, evaluator=_chosen(evaluator))

    def browse(self, **values: object) -> str:
        """Return the page of runs, with filters, order, view and cursor as `BrowseQuery` names them."""
        return self.with_query(self.path("browse"), **values)

    def question(
        self, key: PairKey, experiment: str | None = None, evaluator: str | None = None, back: str | None = None
    ) -> str:
        """Return the page of a question; ``back`` is what follows the ``?`` of the runs' page that it leads back to."""
        path = self.path("question", key.domain, key.task_id)
        return self.with_query(path, experiment=experiment, evaluator=_chosen(evaluator), back=back)

    def compare(self, **values: object) -> str:
        """Return the page that compares two sides, as `CompareQuery` names what it can be asked."""
        return self.with_query(self.path("compare"), **values)

    def score(self, experiment: str | None = None) -> str:
        """Return the page on which people score videos."""
        return self.path("score", experiment) if experiment else self.path("score")

    def data(self, domain: str | None = None, **values: object) -> str:
        """Return the page of the questions, the findings and the disk."""
        return self.with_query(self.path("data"), domain=domain, **values)

    def versions(self) -> str:
        """Return the page of snapshots and versions."""
        return self.path("versions")

    def search(self, text: str | None = None) -> str:
        """Return the page of what a search finds."""
        return self.with_query(self.path("search"), q=text)

    def docs(self) -> str:
        """Return the page about the API."""
        return self.path("docs")


def _chosen(evaluator: str | None) -> str | None:
    return None if evaluator == DEFAULT_EVALUATOR else evaluator


@lru_cache(maxsize=4096)
def _quoted(part: str) -> str:
    """Quote a part of a path; an answer has the same few names in hundreds of addresses."""
    return quote(part, safe="")
