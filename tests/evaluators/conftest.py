"""A film with its question, and judges that ask a server on loopback."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.fake_chat_server import KEY

from vmevalkit.evaluators import Item, Question
from vmevalkit.evaluators.judge import open_judge
from vmevalkit.media import write_video

NAME = "GPT4OEvaluator"


@pytest.fixture(scope="session")
def item(tmp_path_factory) -> Item:
    """A bar that grows from left to right, in a film of two seconds."""
    folder = tmp_path_factory.mktemp("item")

    def frame(share):
        pixels = np.full((96, 128, 3), 230, dtype=np.uint8)
        pixels[40:56, : int(128 * share)] = (30, 60, 200)
        return pixels

    for name, share in (("first", 0), ("final", 1)):
        Image.fromarray(frame(share)).save(folder / f"{name}.png")
    write_video(folder / "film.mp4", (frame(number / 31) for number in range(32)), fps=16)
    question = Question("maze", "maze_0000", "Let the bar grow.", folder / "first.png", folder / "final.png")
    return Item(folder / "film.mp4", question, None)


@pytest.fixture
def asking_about(item):
    """Return the item with another prompt: another question about the same film."""
    return lambda prompt: replace(item, question=replace(item.question, prompt=prompt))


@pytest.fixture
def judge_of():
    """Open a judge that asks this server: ``judge_of(server, **options)``."""

    def opened(server, *, name=NAME, cache=None, **options):
        chosen = {"base_url": server.url, "key": "LAB_KEY", "attempts": 3, "backoff": 0.01, "timeout": 20, **options}
        return open_judge(name, chosen, keys={"LAB_KEY": KEY}, cache=cache)

    return opened
