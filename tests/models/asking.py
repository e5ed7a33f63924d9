"""One question to an adapter."""

import asyncio


def ask(provider, question):
    """Return what ``await question(provider)`` gives, with the adapter's connections closed in the end."""

    async def whole():
        try:
            return await question(provider)
        finally:
            await provider.close()

    return asyncio.run(whole())
