"""A server that gives one answer to every question."""

from support.fake_provider import FakeProvider, Request, Response, Scenario


class Canned(FakeProvider):
    def __init__(self, response: Response) -> None:
        super().__init__(Scenario.SUCCESS, b"")
        self._response = response

    def respond(self, request: Request) -> Response:
        return self._response
