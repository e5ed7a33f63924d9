"""Making questions."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.folders import contents
from support.long import longer
from support.stepping import killed_at_step, spread, steps_of

from vmevalkit import media
from vmevalkit.dataroot import DataRoot, PairKey, iter_manifest, iter_pairs_on_disk
from vmevalkit.errors import BusyError, PuzzleError, RecordError, UnknownNameError, UsageError
from vmevalkit.runner.create_dataset import DOMAIN_REGISTRY, create_dataset, read_dataset_from_folders
from vmevalkit.runner.manifests import dataset_problems
from vmevalkit.tasks import get_domain, question_rng
from vmevalkit.tasks.question import FilmSpec

DOMAINS = ("chess", "maze", "sudoku", "rotation", "raven")
PAIRS, KILLS = longer((12, 2), (2000, 10))
EPOCH = "1736937000"
FILES = ["final_frame.png", "first_frame.png", "prompt.txt", "question_metadata.json"]


def create_in_a_process(folder, *options, **environment):
    return subprocess.run(
        [sys.executable, "-m", "vmevalkit.runner.create_dataset", "--data-dir", folder, *options],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_question_is_a_folder_of_four_files(dataset):
    folders = [dataset.pair_folder(key) for key in dataset.iter_pairs()]
    assert len(folders) == 2 * len(DOMAINS)
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == FILES


def test_metadata_prompt_and_manifest_agree(dataset):
    for pair in iter_pairs_on_disk(dataset):
        assert (dataset.pair_folder(pair.key) / "prompt.txt").read_text("utf-8") == pair.prompt
        assert dataset.image(pair.first_image_path).name == "first_frame.png"
        assert dataset.image(pair.final_image_path).name == "final_frame.png"
    assert list(iter_manifest(dataset.manifest)) == list(iter_pairs_on_disk(dataset))


def test_metadata_names_generator_seed_and_both_prompts(dataset):
    for pair in iter_pairs_on_disk(dataset):
        assert pair.metadata["generator"]["name"] == pair.domain
        assert (pair.metadata["seed"], pair.metadata["index"]) == (42, int(pair.id[-4:]))
        assert set(pair.metadata["prompts"]) == {"open", "instructed"}
        assert pair.prompt == pair.metadata["prompts"]["open"]


def test_instructed_prompts_are_used_when_asked_for(root):
    create_dataset(root, pairs_per_domain=1, domains=["chess"], prompt_style="instructed")
    (pair,) = iter_pairs_on_disk(root)
    assert pair.prompt == pair.metadata["prompts"]["instructed"]


def test_a_second_call_changes_no_byte(dataset):
    before = contents(dataset.path)
    created = create_dataset(dataset, pairs_per_domain=2)
    assert (created.made, created.kept, created.manifest_changed) == (0, 10, False)
    assert contents(dataset.path) == before


def test_hash_seed_and_number_of_processes_change_no_byte(tmp_path):
    one = create_in_a_process(tmp_path / "1", "--pairs-per-domain", "3", "--workers", "1", PYTHONHASHSEED="1")
    two = create_in_a_process(tmp_path / "2", "--pairs-per-domain", "3", "--workers", "2", PYTHONHASHSEED="2")
    assert one.returncode == two.returncode == 0, one.stderr + two.stderr
    assert contents(tmp_path / "1") == contents(tmp_path / "2") != {}


def test_growing_keeps_the_first_questions(dataset):
    before = {name: data for name, data in contents(dataset.path).items() if "_task" in name}
    created = create_dataset(dataset, pairs_per_domain=4, workers=2)
    assert (created.made, created.kept) == (10, 10)
    after = contents(dataset.path)
    assert {name: after[name] for name in before} == before


def test_questions_beyond_the_number_asked_for_stay_and_are_told(dataset):
    created = create_dataset(dataset, pairs_per_domain=1)
    assert (created.made, created.kept, created.beyond) == (0, 5, 5)
    assert json.loads(dataset.manifest.read_text())["total_pairs"] == 10


def test_a_question_that_lost_a_file_is_made_again_with_the_same_pixels(dataset):
    before = contents(dataset.path)
    (dataset.pair_folder(PairKey("maze", "maze_0001")) / "final_frame.png").unlink()
    created = create_dataset(dataset, pairs_per_domain=2)
    after = contents(dataset.path)
    assert created.made == 1
    assert {n for n in before if before[n] != after[n]} <= {
        "questions/maze_task/maze_0001/question_metadata.json",
        "questions/vmeval_dataset.json",
    }


def test_another_seed_in_the_same_folder_is_refused_and_nothing_is_replaced(dataset):
    before = contents(dataset.path)
    with pytest.raises(UsageError, match="seed 42, not 7"):
        create_dataset(dataset, pairs_per_domain=2, random_seed=7)
    assert contents(dataset.path) == before


def test_another_seed_gives_other_questions(tmp_path):
    prompts = []
    for seed in (42, 43):
        root = DataRoot(tmp_path / str(seed))
        create_dataset(root, pairs_per_domain=3, random_seed=seed)
        prompts.append({pair.metadata["key"] for pair in iter_pairs_on_disk(root)})
    assert not prompts[0] & prompts[1]


def test_no_two_questions_ask_the_same(root):
    create_dataset(root, pairs_per_domain=60, domains=["sudoku", "raven"], workers=2)
    keys = [pair.metadata["key"] for pair in iter_pairs_on_disk(root)]
    assert len(set(keys)) == len(keys) == 120


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused_before_anything_is_made(root, count):
    with pytest.raises(UsageError, match="at least 1"):
        create_dataset(root, pairs_per_domain=count)
    assert not root.path.exists()


def test_an_unknown_domain_is_named_with_the_near_ones(root):
    with pytest.raises(UnknownNameError, match="unknown domain: ches") as caught:
        create_dataset(root, domains=["ches"])
    assert caught.value.hint == "did you mean chess?"
    assert not root.path.exists()


def test_two_creators_on_one_folder_do_not_mix(dataset):
    from vmevalkit.dataroot import exclusive

    with exclusive(dataset.lock("create"), "holding"), pytest.raises(BusyError):
        create_dataset(dataset, pairs_per_domain=2)


@pytest.mark.long
@pytest.mark.parametrize(("workers", "processes"), [(1, 1), (2, 3)])
def test_killed_at_any_moment_and_resumed_it_ends_as_if_undisturbed(tmp_path, monkeypatch, workers, processes):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    command = ["create", "--pairs-per-domain", PAIRS, "--random-seed", "7", "--data-dir"]
    steps = steps_of([*command, undisturbed, "--workers", "1"], undisturbed)
    again = [*command, killed, "--workers", workers]
    for step in spread(steps // processes, KILLS):
        assert killed_at_step(again, killed, step)
    assert create_in_a_process(killed, *map(str, command[1:5]), "--workers", "2").returncode == 0
    assert len(contents(killed)) == len(DOMAINS) * PAIRS * len(FILES) + 1
    assert contents(killed) == contents(undisturbed)


def test_reading_from_folders_gives_the_manifest(dataset):
    assert read_dataset_from_folders(dataset.path) == json.loads(dataset.manifest.read_text("utf-8"))


def test_reading_from_nowhere_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no data root"):
        read_dataset_from_folders(tmp_path / "nowhere")


def test_reading_names_a_truncated_record(dataset):
    path = dataset.pair_folder(PairKey("chess", "chess_0001")) / "question_metadata.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordError, match=r"chess_0001/question_metadata\.json: malformed JSON"):
        read_dataset_from_folders(dataset.path)


def test_a_sound_data_set_passes_the_check(dataset):
    assert list(dataset_problems(dataset)) == []


def test_the_check_names_what_is_missing_and_what_is_out_of_step(dataset):
    folder = dataset.pair_folder(PairKey("chess", "chess_0001"))
    (folder / "prompt.txt").unlink()
    (folder / "question_metadata.json").write_text("{")
    first, second, third = dataset_problems(dataset)
    assert first == f"{folder}/prompt.txt: no such file"
    assert second.startswith(f"{folder}/question_metadata.json: malformed JSON")
    assert "does not list what is in the folders" in third


FILM = FilmSpec(fps=8, seconds=1.5)


def test_films_start_on_the_first_frame_and_end_on_the_final_one(root):
    create_dataset(root, pairs_per_domain=1, film=FILM, workers=2)
    for pair in iter_pairs_on_disk(root):
        frames = list(media.read_frames(root.pair_folder(pair.key) / "ground_truth.mp4"))
        assert len(frames) == FILM.frames == 12
        for frame, path in ((frames[0], pair.first_image_path), (frames[-1], pair.final_image_path)):
            drawn = np.asarray(Image.open(root.image(path)).convert("RGB"))
            assert frame.shape == drawn.shape
            assert np.abs(frame.astype(int) - drawn).mean() < 3


def test_films_are_the_same_bytes_in_any_process_and_worker_count(tmp_path):
    options = ("--pairs-per-domain", "1", "--videos", "--seconds", "0.5")
    for workers in ("1", "2"):
        result = create_in_a_process(tmp_path / workers, *options, "--workers", workers, PYTHONHASHSEED=workers)
        assert result.returncode == 0, result.stderr
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_films_can_be_added_later_and_are_then_kept(dataset):
    before = contents(dataset.path)
    assert create_dataset(dataset, pairs_per_domain=2, film=FILM).kept == 10
    after = contents(dataset.path)
    assert {name: data for name, data in after.items() if not name.endswith(".mp4")} == before
    assert sum(name.endswith("/ground_truth.mp4") for name in after) == 10
    create_dataset(dataset, pairs_per_domain=2, film=FilmSpec(fps=4, seconds=1))
    create_dataset(dataset, pairs_per_domain=2)
    assert contents(dataset.path) == after


def test_frames_have_the_size_asked_for(root):
    create_dataset(root, pairs_per_domain=1, size=384)
    for pair in iter_pairs_on_disk(root):
        for path in (pair.first_image_path, pair.final_image_path):
            with Image.open(root.image(path)) as image:
                assert image.size == (384, 384)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 255}, "must be even, from 256 to 2048, not 255"),
        ({"size": 4096}, "must be even"),
        ({"pairs_per_domain": 0}, "pairs per domain must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_before_anything_is_made(root, arguments, message):
    with pytest.raises(UsageError, match=message):
        create_dataset(root, **{"pairs_per_domain": 1, **arguments})
    assert not root.path.exists()


@pytest.mark.parametrize(
    ("fps", "seconds", "message"),
    [
        (0, 3, "has 0 frames"),
        (16, 0.05, "has 1 frames"),
        (60, 1e6, "has 60000000 frames"),
        (16, -1, "has -16 frames"),
        (16, float("nan"), "cannot be nan seconds long"),
        (16, float("inf"), "cannot be inf seconds long"),
    ],
)
def test_lengths_of_films_that_make_no_sense_are_refused(fps, seconds, message):
    with pytest.raises(UsageError, match=message):
        FilmSpec(fps, seconds)


def test_a_domain_that_runs_out_of_puzzles_says_how_many_there_are(root, monkeypatch):
    maze = type(get_domain("maze"))
    few = [maze().sample(question_rng("maze", 1, 1, index), "easy") for index in range(3)]
    monkeypatch.setattr(maze, "sample", lambda self, rng, difficulty: few[int(rng.integers(3))])
    with pytest.raises(PuzzleError, match="no other distinct easy puzzle found after 3"):
        create_dataset(root, pairs_per_domain=5, domains=["maze"], difficulty="easy")
    assert all(len(list(root.pair_folder(key).iterdir())) == len(FILES) for key in root.iter_pairs())
    assert not root.manifest.exists()


@dataclass
class PhysicsPair:
    prompt: str
    first_image: Image.Image
    final_image_path: Path
    gravity: float


@pytest.fixture
def physics(tmp_path, monkeypatch):
    """A domain in the form of a module with a function, entered into the registry by hand."""
    module = tmp_path / "physics_task.py"
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "end.jpg")
    module.write_text(
        "from pathlib import Path\n"
        "from PIL import Image\n"
        "def create_dataset(num_samples=15):\n"
        "    here = Path(__file__).parent\n"
        "    return {'pairs': [{'prompt': f'Drop ball {i}.', 'first_image': Image.new('RGB', (64, 64), 'white'),\n"
        "                       'final_image_path': str(here / 'end.jpg'), 'gravity': 9.8, 'object': object(),\n"
        "                       'difficulty': 'easy', 'task_category': 'fall'} for i in range(num_samples)]}\n"
        "def create_nothing(num_samples=15):\n"
        "    return {'pairs': []}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    entry = {
        "name": "Physics",
        "description": "Physical reasoning and simulation",
        "module": "physics_task",
        "create_function": "create_dataset",
        "process_dataset": lambda dataset, num_samples: dataset["pairs"],
    }
    monkeypatch.setitem(DOMAIN_REGISTRY, "physics", entry)
    yield entry
    sys.modules.pop("physics_task", None)


def test_a_module_with_a_function_is_a_domain(physics, root):
    created = create_dataset(root, pairs_per_domain=3, domains=["physics", "maze"])
    assert created.made == 6
    pair = next(pair for pair in iter_pairs_on_disk(root) if pair.id == "physics_0001")
    assert (pair.prompt, pair.difficulty, pair.task_category) == ("Drop ball 1.", "easy", "fall")
    assert pair.metadata == {"gravity": 9.8}
    with Image.open(root.image(pair.final_image_path)) as image:
        assert image.format == "PNG"
    before = contents(root.path)
    assert create_dataset(root, pairs_per_domain=3, domains=["physics", "maze"]).kept == 6
    assert contents(root.path) == before


def test_a_function_that_delivers_too_little_is_told(physics, root):
    physics["create_function"] = "create_nothing"
    created = create_dataset(root, pairs_per_domain=3, domains=["physics"])
    assert (created.made, created.missing) == (0, {"physics": 3})


def test_a_pair_without_a_frame_is_refused(physics, root):
    physics["process_dataset"] = lambda dataset, num_samples: [{"prompt": "Drop."}]
    with pytest.raises(PuzzleError, match="neither first_image nor first_image_path"):
        create_dataset(root, pairs_per_domain=1, domains=["physics"])


def test_a_function_domain_cannot_be_filmed_and_says_so(physics, root):
    created = create_dataset(root, pairs_per_domain=1, domains=["physics", "maze"], film=FILM)
    assert created.not_filmed == ("physics",)
    assert (root.pair_folder(PairKey("maze", "maze_0000")) / "ground_truth.mp4").is_file()


def test_pairs_may_be_dataclasses(physics, root, tmp_path):
    pair = PhysicsPair("Drop.", Image.new("RGB", (64, 64)), tmp_path / "end.jpg", 1.6)
    physics["process_dataset"] = lambda dataset, num_samples: [pair]
    create_dataset(root, pairs_per_domain=1, domains=["physics"])
    assert next(iter_pairs_on_disk(root)).metadata == {"gravity": 1.6}


def test_a_registry_entry_without_its_module_is_named(physics, root):
    physics["module"] = "no_such_module"
    with pytest.raises(UsageError, match="domain physics: cannot load create_dataset from no_such_module"):
        create_dataset(root, domains=["physics"])
