"""The policies in docs/security.md allow what our commands ask of S3, and nothing that none of them asks."""

import json
import re
from pathlib import Path

import pytest
from support.s3_server import KEY, SECRET, Request

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, write_bytes

PAGE = Path(__file__).parents[2] / "docs/security.md"
BUCKET = "arn:aws:s3:::BUCKET"
_POLICY = re.compile(r"^### (?P<name>[^\n]+)\n(?:(?!^###).)*?```json\n(?P<json>.*?)```", re.MULTILINE | re.DOTALL)

POLICIES = {found["name"]: json.loads(found["json"]) for found in _POLICY.finditer(PAGE.read_text())}
MULTIPART = {"s3:AbortMultipartUpload"}
"""Asked only when a large upload fails."""


def needs(request: Request) -> set[tuple[str, str]]:
    """Return the permissions that a request needs, each with the resource that it needs it for.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    needed = {(_action(request), f"{BUCKET}/{key}") for key in request.keys}
    if request.source:
        needed.add(("s3:GetObject", f"{BUCKET}/{request.source}"))
    return needed or {(_action(request), BUCKET)}


def _action(request: Request) -> str:
    match request.method, bool(request.keys):
        case "GET", False if "list-type" in request.query:
            return "s3:ListBucket"
        case (("GET" | "HEAD"), True):
            return "s3:GetObject"
        case "PUT", True:
            return "s3:PutObject"
        case "POST", True if "delete" in request.query:
            return "s3:DeleteObject"
        case "POST", True if {"uploads", "uploadId"} & set(request.query):
            return "s3:PutObject"
        case "DELETE", True:
            return "s3:AbortMultipartUpload" if "uploadId" in request.query else "s3:DeleteObject"
    raise ValueError(f"no idea what {request} needs")


def allowed(policy: dict, action: str, resource: str) -> bool:
    """Tell whether a policy of Allow statements gives a permission."""
    return any(
        action in _list(statement["Action"])
        and any(_matches(pattern, resource) for pattern in _list(statement["Resource"]))
        for statement in policy["Statement"]
    )


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, resource: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), resource) is not None


@pytest.fixture(scope="module")
def asked(s3, tmp_path_factory) -> dict[str, list[Request]]:
    """Run the commands of each policy's holder against a real server, and return what it was asked, by policy."""
    folder = tmp_path_factory.mktemp("pushed")
    root = DataRoot(folder / "data")
    url = s3.bucket("policies")
    found: dict[str, list[Request]] = {name: [] for name in ("Push", "Pull", "Clean up and archive")}

    def run(policy: str, *arguments: str, code: int = 0) -> None:
        s3.requests.clear()
        assert main([*arguments, "--remote", url]) == code, arguments
        found[policy] += s3.requests

    def pushed(*arguments: str) -> None:
        run("Push", "push", "--data-dir", str(root.path), *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in (
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_ENDPOINT_URL", s3.url),
        ):
            patch.setenv(name, value)
        question = root.questions / "maze_task/maze_0000"
        write_bytes(question / "prompt.txt", b"Go!")
        write_bytes(root.outputs / "pilot/m/maze_task/maze_0000/r/video/model_output.mp4", b"\0" * (26 << 20))
        pushed("--date", "202501150000", "--log")
        write_bytes(question / "prompt.txt", b"Go on!")
        pushed("--date", "202501160000", "--log-as", "pre")
        pushed("--date", "202501170000", "--incremental", "--force")
        pushed()
        for command in (["snapshots"], ["versions"], ["verify", "latest"], ["diff", "202501150000", "202501160000"]):
            run("Pull", *command)
        run("Pull", "pull", "pre", "--to", "copy")
        run("Pull", "pull", "latest", "--to", "copy", "--path", "questions", "--delete", "--yes")
        run("Push", "versions", "remove", "pre", "--yes", "--data-dir", str(root.path))
        run("Push", "check", "--only", "remote")
        run("Clean up and archive", "archive", "pilot", "--yes", "--older-than", "0", "--data-dir", str(root.path))
        run("Clean up and archive", "unarchive", "pilot", "--remove-remote", "--yes", "--data-dir", str(root.path))
        run("Clean up and archive", "gc", "--grace", "0", "--yes")
        # What a push that was killed has left: its mark, and files without a manifest.
        import boto3

        client = boto3.client(
            "s3", endpoint_url=s3.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
        )
        client.put_object(Bucket="policies", Key="202501180000/data/questions/left.txt", Body=b"left")
        run("Clean up and archive", "gc", "--grace", "0", "--yes")
    return found


def test_the_page_has_a_policy_for_each_kind_of_work():
    assert list(POLICIES) == ["Push", "Pull", "Clean up and archive"]
    for policy in POLICIES.values():
        assert policy["Version"] == "2012-10-17"
        assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}


@pytest.mark.parametrize("name", POLICIES)
def test_every_request_is_allowed_by_the_policy(asked, name):
    assert len(asked[name]) > 5
    needed = {need for request in asked[name] for need in needs(request)}
    assert sorted(need for need in needed if not allowed(POLICIES[name], *need)) == []


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_allowed_that_no_request_needs(asked, name):
    needed = {action for request in asked[name] for action, _ in needs(request)}
    granted = {what for statement in POLICIES[name]["Statement"] for what in _list(statement["Action"])}
    assert granted - MULTIPART == needed - MULTIPART


def test_who_may_only_pull_can_change_nothing():
    granted = {what for statement in POLICIES["Pull"]["Statement"] for what in _list(statement["Action"])}
    assert granted == {"s3:ListBucket", "s3:GetObject"}


def test_who_may_only_push_deletes_no_snapshot():
    """Of the keys that may be deleted, none holds a snapshot's files or its manifest."""
    for key in ("202501150000/data/questions/a.txt", "202501150000/manifest.jsonl.gz", "latest/snapshot.json"):
        assert not allowed(POLICIES["Push"], "s3:DeleteObject", f"{BUCKET}/{key}")


def test_large_files_were_sent_in_parts(asked):
    assert any("uploads" in request.query for request in asked["Push"])


def test_unchanged_files_were_copied(asked):
    assert any(request.source for request in asked["Push"])


def test_an_unknown_request_is_no_permission():
    with pytest.raises(ValueError, match="no idea"):
        needs(Request("GET", {"acl": [""]}, (), ""))
