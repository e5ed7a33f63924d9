"""What every registered domain promises."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vmevalkit import media
from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, FRAME_SIZE, PROMPT_STYLES, Domain, domain_names, get_domain, question_rng

SAMPLES = 12


def puzzles(domain, count=SAMPLES, seed=42):
    for index in range(count):
        rng = question_rng(domain.name, domain.version, seed, index)
        yield domain.sample(rng, DIFFICULTIES[index % len(DIFFICULTIES)])


def rgb(image):
    return np.asarray(image.convert("RGB"))


def letterboxed(frame, width, height, bars=0):
    side = min(width, height)
    picture = Image.new("RGB", (width, height), (bars, bars, bars))
    scaled = Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC)
    picture.paste(scaled, ((width - side) // 2, (height - side) // 2))
    return np.asarray(picture)


@pytest.fixture(params=domain_names())
def domain(request) -> Domain:
    return get_domain(request.param)


def test_it_is_registered_under_its_own_name(domain):
    assert get_domain(domain.name) is domain


def test_each_puzzle_has_exactly_one_solution_which_is_its_answer(domain):
    for puzzle in puzzles(domain):
        domain.check(puzzle)


def test_a_wrong_answer_to_the_same_question_is_refused_by_the_proof(domain):
    for index, puzzle in enumerate(puzzles(domain)):
        wrong = domain.wrong(puzzle, question_rng(domain.name, domain.version, 42, index, "wrong"))
        assert domain.key(wrong) == domain.key(puzzle)
        with pytest.raises(PuzzleError):
            domain.check(wrong)


def test_metadata_survives_json_and_rebuilds_the_puzzle(domain):
    for puzzle in puzzles(domain):
        assert domain.from_metadata(json.loads(json.dumps(domain.to_metadata(puzzle)))) == puzzle


@pytest.mark.parametrize("metadata", [{}, {"seed": 1}, {"fen_initial": 3}])
def test_metadata_that_describes_no_puzzle_is_refused(domain, metadata):
    with pytest.raises(PuzzleError):
        domain.from_metadata(metadata)


def test_frames_are_square_palette_pictures_and_first_differs_from_final(domain):
    for puzzle in puzzles(domain):
        first, final = domain.draw(puzzle)
        assert first.mode == final.mode == "P"
        assert first.size == final.size == (FRAME_SIZE, FRAME_SIZE)
        assert (rgb(first) != rgb(final)).any()


@pytest.mark.parametrize("size", [256, 384, 1024])
def test_frames_of_other_sizes_read_the_same(domain, size):
    for puzzle in puzzles(domain, 3):
        first, final = domain.draw(puzzle, size)
        assert domain.matches(domain.read(rgb(first)), domain.state(puzzle, solved=False))
        assert domain.matches(domain.read(rgb(final)), domain.state(puzzle, solved=True))


def test_what_is_drawn_is_what_is_read(domain):
    for puzzle in puzzles(domain):
        first, final = domain.draw(puzzle)
        assert domain.matches(domain.read(rgb(first)), domain.state(puzzle, solved=False))
        assert domain.matches(domain.read(rgb(final)), domain.state(puzzle, solved=True))


def test_first_solved_and_wrong_frames_are_told_apart(domain):
    for index, puzzle in enumerate(puzzles(domain)):
        wrong = domain.wrong(puzzle, question_rng(domain.name, domain.version, 42, index, "wrong"))
        solved = domain.state(puzzle, solved=True)
        seen_first = domain.read(rgb(domain.render(puzzle, 0.0)))
        seen_wrong = domain.read(rgb(domain.render(wrong, 1.0)))
        assert not domain.matches(seen_first, solved)
        assert not domain.matches(seen_wrong, solved)
        assert not domain.matches(domain.state(wrong, solved=True), solved)
        assert domain.difference(seen_wrong, solved)


def test_frames_read_the_same_after_video_compression(domain, tmp_path):
    for number, puzzle in enumerate(puzzles(domain, 6)):
        path = tmp_path / f"{number}.mp4"
        media.write_video(path, domain.animate(puzzle, 12), fps=8, crf=28)
        frames = list(media.read_frames(path))
        assert domain.matches(domain.read(frames[0]), domain.state(puzzle, solved=False))
        assert domain.matches(domain.read(frames[-1]), domain.state(puzzle, solved=True))


@pytest.mark.parametrize(("width", "height"), [(480, 480), (720, 720), (1280, 720), (720, 1280)])
def test_frames_read_the_same_rescaled_and_letterboxed(domain, width, height):
    for puzzle in puzzles(domain, 3):
        frame = letterboxed(rgb(domain.render(puzzle, 1.0)), width, height)
        assert domain.matches(domain.read(frame), domain.state(puzzle, solved=True))


@pytest.mark.parametrize("quality", [60, 85])
def test_frames_read_the_same_after_jpeg(domain, quality):
    for puzzle in puzzles(domain, 3):
        data = io.BytesIO()
        domain.render(puzzle, 1.0).convert("RGB").save(data, "JPEG", quality=quality)
        assert domain.matches(domain.read(rgb(Image.open(data))), domain.state(puzzle, solved=True))


@pytest.mark.parametrize("change", [-8, 8])
def test_frames_read_the_same_a_little_darker_or_brighter(domain, change):
    for puzzle in puzzles(domain, 3):
        frame = np.clip(rgb(domain.render(puzzle, 1.0)).astype(int) + change, 0, 255).astype(np.uint8)
        assert domain.matches(domain.read(frame), domain.state(puzzle, solved=True))


@pytest.mark.parametrize(
    "frame",
    [
        np.random.default_rng(1).integers(0, 256, (FRAME_SIZE, FRAME_SIZE, 3), dtype=np.uint8),
        np.zeros((FRAME_SIZE, FRAME_SIZE, 3), np.uint8),
        np.full((FRAME_SIZE, FRAME_SIZE, 3), 255, np.uint8),
        np.full((FRAME_SIZE, FRAME_SIZE, 3), (90, 140, 60), np.uint8),
        np.repeat(np.repeat(np.random.default_rng(2).integers(0, 256, (8, 8, 3), dtype=np.uint8), 64, 0), 64, 1),
        np.zeros((16, 16, 3), np.uint8),
    ],
    ids=["noise", "black", "white", "plain", "mosaic", "tiny"],
)
def test_a_frame_without_a_puzzle_is_unreadable_rather_than_guessed(domain, frame):
    with pytest.raises(UnreadableFrameError):
        domain.read(frame)


def test_a_half_faded_frame_is_never_read_as_solved(domain):
    for puzzle in puzzles(domain):
        first, final = (rgb(image).astype(float) for image in domain.draw(puzzle))
        half = ((first + final) / 2).astype(np.uint8)
        try:
            seen = domain.read(half)
        except UnreadableFrameError:
            continue
        assert not domain.matches(seen, domain.state(puzzle, solved=True))


def test_the_film_starts_on_the_first_frame_and_ends_on_the_final_one(domain):
    for puzzle in puzzles(domain, 3):
        first, final = domain.draw(puzzle)
        film = list(domain.animate(puzzle, 24))
        assert len(film) == 24
        assert (film[0] == rgb(first)).all()
        assert (film[-1] == rgb(final)).all()
        assert len({frame.tobytes() for frame in film}) > 6


@pytest.mark.parametrize("style", PROMPT_STYLES)
def test_prompts_are_sentences_and_depend_on_the_generator_alone(domain, style):
    for index, puzzle in enumerate(puzzles(domain)):
        one, two = (
            domain.prompt(puzzle, style, question_rng(domain.name, domain.version, 42, index, "prompt")) for _ in "ab"
        )
        assert one == two
        assert len(one) > 20
        assert one.endswith(".")


def test_open_prompts_come_in_paraphrases(domain):
    puzzle = next(puzzles(domain))
    rngs = (question_rng(domain.name, domain.version, 42, index, "prompt") for index in range(30))
    assert len({domain.prompt(puzzle, "open", rng) for rng in rngs}) >= 3


def test_questions_of_neighbouring_seeds_share_nothing(domain):
    keys = [{domain.key(puzzle) for puzzle in puzzles(domain, 12, seed)} for seed in (42, 43)]
    assert len(keys[0] | keys[1]) >= len(keys[0]) + len(keys[1]) - 1


def test_all_difficulties_can_be_made(domain):
    for difficulty in DIFFICULTIES:
        domain.check(domain.sample(question_rng(domain.name, domain.version, 1, 1), difficulty))


FINGERPRINT = """
import hashlib, json, sys
from vmevalkit.tasks import get_domain, question_rng
domain = get_domain(sys.argv[1])
digest = hashlib.sha256()
for index in range(6):
    puzzle = domain.sample(question_rng(domain.name, domain.version, 42, index), ["easy", "medium", "hard"][index % 3])
    digest.update(json.dumps(domain.to_metadata(puzzle)).encode())
    for image in domain.draw(puzzle):
        digest.update(image.convert("RGB").tobytes())
print(digest.hexdigest())
"""


def test_the_same_seed_gives_the_same_pixels_in_any_process(domain):
    def fingerprint(hash_seed):
        return subprocess.run(
            [sys.executable, "-c", FINGERPRINT, domain.name],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert fingerprint("1") == fingerprint("2")
