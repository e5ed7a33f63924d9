"""Keys that look like nothing else, a server that repeats whatever it is sent, and a search for what leaked."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from support.fake_provider import FakeProvider, Request, Response, Scenario

HEAD = 12
"""So many characters of a key are a leak."""


def key_for(name: str) -> str:
    """Make a key with characters that base64 and addresses write otherwise."""
    digits = sha256(name.encode()).hexdigest()
    return f"plk{digits[:20]}+/?{digits[20:40]}="


def forms_of(key: str) -> set[str]:
    """Return what a leaked key can look like: its beginning, plain, percent-encoded and in base64 of any alignment."""
    forms = {key[:HEAD], key[-HEAD:], quote(key, safe="")[-HEAD:]}
    for encode in (b64encode, urlsafe_b64encode):
        for shift in range(3):
            # The first and the last characters depend on what is around the key.
            forms.add(encode(b"\0" * shift + key.encode()).decode()[4:16])
    return forms


def leaks(places: Iterator[tuple[str, bytes]], keys: dict[str, str]) -> list[str]:
    """Say which keys are where."""
    wanted = [(name, form.encode()) for name, key in keys.items() for form in sorted(forms_of(key))]
    return [f"{name} is in {place}: {form!r}" for place, data in places for name, form in wanted if form in data]


def files_below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all files, and the names of all files."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            yield f"the name {name}", name.encode()
            if path.is_file():
                yield name, path.read_bytes()


class Echo(FakeProvider):
    """Answers every request with what it was sent. The address says how: ``/s401/cut``.

    ``s`` and a number is the status. ``plain``, ``quoted`` and ``base64`` are ways to write the key; ``cut`` puts it so
    far into the message that whoever shortens messages cuts it in two. ``later`` accepts a job that fails; ``told`` is
    a chat completion.
    """

    def __init__(self) -> None:
        super().__init__(Scenario.SUCCESS, b"")

    def respond(self, request: Request) -> Response:
        parts = request.path.split("/")
        status = next((int(part[1:]) for part in parts if part[:1] == "s" and part[1:].isdigit()), 400)
        given = [value for name, value in request.headers.items() if _may_be_secret(name, value)]
        words = [word.partition("=")[2] if "Credential=" in word else word for value in given for word in value.split()]
        said = " ".join(word for word in words if word not in ("Bearer", "Key", "Token"))
        if "quoted" in parts:
            said = quote(said, safe="")
        elif "base64" in parts:
            said = " ".join(b64encode(word.encode()).decode() for word in said.split())
        elif "cut" in parts:
            said = f"{'x' * 450} {said}"
        if "later" in parts:
            return _job(request, said)
        if "told" in parts:
            message = {"role": "assistant", "content": f"I was sent {said}.", "refusal": None}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return Response.of({"id": "1", "model": said, "choices": [choice], "usage": {}})
        if "x-amz-date" in request.headers:
            xml = f"<Error><Code>Odd</Code><Message>You sent {said}</Message><Token-0>{said}</Token-0></Error>"
            return Response(status, xml.encode(), {"content-type": "application/xml"})
        message = f"Sorry: {said}"
        error = {"code": said, "type": said, "message": message, "param": said, "status": said}
        return Response.of({"error": error, "message": message, "detail": message, "title": said, "msg": said}, status)


def _may_be_secret(name: str, value: str) -> bool:
    return "auth" in name or "key" in name or "token" in name or "plk" in value


def _job(request: Request, said: str) -> Response:
    if request.method == "POST":
        return Response.of({"id": "job-1", "status": "queued"})
    error = {"code": "failed", "message": f"{'x' * 440} {said}"}
    return Response.of({"id": "job-1", "status": "failed", "error": error})


def table(name: str, **fields: object) -> str:
    """Return a table of ``vmevalkit.toml``."""
    return "\n".join([f"[{name}]", *(f"{field} = {json.dumps(value)}" for field, value in fields.items()), ""])
