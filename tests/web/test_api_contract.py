"""What the description of the API promises, held against what it does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from dashboard_data import add_question, add_run, add_score, run_of
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web import DashboardConfig, create_app
from vmevalkit.web.api._bodies import Body
from vmevalkit.web.errors import ErrorBody

PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The API of a small data root that may be written to."""
    root = DataRoot(tmp_path_factory.mktemp("contract") / "data")
    film = root.path / ".vmevalkit" / "film.mp4"
    for number in range(3):
        key = PairKey("maze", f"maze_{number:04d}")
        add_question(root, key, ground_truth=False)
        for model in ("oracle", "wrong"):
            run = run_of(model, key.task_id)
            add_run(root, run, video=film if film.exists() else None)
            if not film.exists():
                film.parent.mkdir(exist_ok=True)
                film.write_bytes((root.run_folder(run) / "video" / "model_output.mp4").read_bytes())
            add_score(root, run, 5 if model == "oracle" else 1)
    app = create_app(DashboardConfig(root, allowed_hosts=("*",)))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def operations() -> list[tuple[str, str]]:
    paths = create_app(DashboardConfig(DataRoot(Path("nowhere")))).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(("method", "path"), operations())
def test_whatever_is_asked_the_answer_is_one_that_was_promised(api: Any, method: str, path: str) -> None:
    @given(case=api[path][method].as_strategy())
    @settings(max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=PROMISES)

    ask()


def described(client: httpx.Client) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def test_the_description_names_every_route(client: httpx.Client) -> None:
    groups = {path for path in described(client)["paths"] if not path.startswith(("/api/rating/", "/media/"))}
    assert groups == {
        "/api/results",
        "/api/results/{experiment}/{model}/{domain}/{task_id}/{run_id}",
        "/api/evaluations",
        "/api/questions",
        "/api/questions/{domain}/{task_id}",
        "/api/experiments",
        "/api/models",
        "/api/domains",
        "/api/leaderboard",
        "/api/compare",
        "/api/agreement",
        "/api/versions",
        "/api/snapshots",
        "/api/search",
        "/api/health",
        "/api/problems",
    }


def test_every_parameter_and_every_route_is_explained(client: httpx.Client) -> None:
    for path, methods in described(client)["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], (path, parameter["name"])


def answers(client: httpx.Client) -> set[str]:
    """The names of what our routes answer with."""
    return {
        operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path, methods in described(client)["paths"].items()
        if not path.startswith(("/api/rating/", "/media/"))
        for operation in methods.values()
    }


def bodies(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for body in base.__subclasses__():
        yield body
        yield from bodies(body)


def test_every_answer_has_an_example_that_is_one(client: httpx.Client) -> None:
    schemas = described(client)["components"]["schemas"]
    by_name = {body.__name__: body for body in (*bodies(Body), ErrorBody)}
    for name in (*sorted(answers(client)), "ErrorBody"):
        assert schemas[name]["examples"], name
        [example] = by_name[name].model_config["json_schema_extra"]["examples"]
        made = by_name[name].model_validate(example)
        assert made.model_dump(mode="json") == example, name


def test_nothing_of_the_host_is_in_the_description(client: httpx.Client, filled_root: DataRoot) -> None:
    text = client.get("/openapi.json").text
    assert str(filled_root.path) not in text
    assert str(Path.home()) not in text
