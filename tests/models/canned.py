"""A server that gives one answer to every question, and an adapter that asks it one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fake_provider import FakeProvider, Request, Response, Scenario

from vmevalkit.models.provider import Provider

Answer = TypeVar("Answer")


class Canned(FakeProvider):
    def __init__(self, response: Response) -> None:
        super().__init__(Scenario.SUCCESS, b"")
        self._response = response

    def respond(self, request: Request) -> Response:
        return self._response


def ask(adapter: Provider, question: Callable[[Provider], Awaitable[Answer]]) -> Answer:
    """Ask an adapter one thing, and close it."""

    async def whole() -> Answer:
        try:
            return await question(adapter)
        finally:
            await adapter.close()

    return asyncio.run(whole())
