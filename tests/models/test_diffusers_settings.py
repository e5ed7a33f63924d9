"""What is known of a pipeline's videos, and of wrong settings, without diffusers."""

import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.models import FilmRequest
from vmevalkit.models._grids import FilmPlan, Grid, choose_device, grid_of, plan_film
from vmevalkit.models.diffusers import DiffusersModel

FIRST = np.zeros((32, 64, 3), np.uint8)
REQUEST = FilmRequest("", FIRST, 8, 6, 1, FIRST, None, None)


def pipeline(name, *, transformer=None, unet=None, **attributes):
    parts = {"transformer": transformer, "unet": unet}
    configured = {part: SimpleNamespace(config=SimpleNamespace(**config)) for part, config in parts.items() if config}
    return type(name, (), attributes | configured)()


LTX = pipeline(
    "LTXImageToVideoPipeline",
    vae_spatial_compression_ratio=32,
    vae_temporal_compression_ratio=8,
    transformer={"patch_size": 1, "patch_size_t": 1},
)
WAN_21 = pipeline(
    "WanImageToVideoPipeline",
    vae_scale_factor_spatial=8,
    vae_scale_factor_temporal=4,
    transformer={"patch_size": (1, 2, 2)},
)
WAN_22_5B = pipeline(
    "WanImageToVideoPipeline",
    vae_scale_factor_spatial=16,
    vae_scale_factor_temporal=4,
    transformer={"patch_size": (1, 2, 2)},
)
COGVIDEOX_5B = pipeline(
    "CogVideoXImageToVideoPipeline",
    vae_scale_factor_spatial=8,
    vae_scale_factor_temporal=4,
    transformer={
        "patch_size": 2,
        "sample_width": 90,
        "sample_height": 60,
        "use_learned_positional_embeddings": True,
    },
)
COGVIDEOX_15 = pipeline(
    "CogVideoXImageToVideoPipeline",
    vae_scale_factor_spatial=8,
    vae_scale_factor_temporal=4,
    transformer={"patch_size": 2, "patch_size_t": 2, "sample_width": 300, "sample_height": 300},
)
SVD_XT = pipeline(
    "StableVideoDiffusionPipeline",
    vae_scale_factor=8,
    unet={"block_out_channels": (320, 640, 1280, 1280), "num_frames": 25},
)
HUNYUAN = pipeline(
    "HunyuanVideoImageToVideoPipeline",
    vae_scale_factor_spatial=8,
    vae_scale_factor_temporal=4,
    transformer={"patch_size": 2, "image_condition_type": "latent_concat"},
)


@pytest.mark.parametrize(
    ("pipeline", "grid"),
    [
        (LTX, Grid(pixels=32, frames=8)),
        (WAN_21, Grid(pixels=16, frames=4)),
        (WAN_22_5B, Grid(pixels=32, frames=4)),
        (COGVIDEOX_5B, Grid(pixels=16, frames=8, size=(720, 480))),
        (COGVIDEOX_15, Grid(pixels=16, frames=16)),
        (SVD_XT, Grid(pixels=64, most_frames=25)),
        (HUNYUAN, Grid(pixels=16, frames=4, dropped_frames=4)),
    ],
)
def test_the_grids_of_the_models_in_use(pipeline, grid):
    assert grid_of(pipeline) == grid


def test_a_second_transformer_stands_in_for_a_missing_first_one():
    low_noise = SimpleNamespace(config=SimpleNamespace(patch_size=(1, 2, 2)))
    lone = pipeline("WanImageToVideoPipeline", vae_scale_factor_spatial=16, transformer_2=low_noise)
    assert grid_of(lone).pixels == 32


@pytest.mark.parametrize(
    ("wish", "plan"),
    [
        ((512, 512, 32), (512, 512, 33)),
        ((500, 300, 33), (496, 304, 33)),
        ((832, 480, 81), (832, 480, 81)),
        ((3, 3, 1), (16, 16, 1)),
    ],
)
def test_the_nearest_size_and_no_fewer_frames_are_made(wish, plan):
    assert plan_film(Grid(16, 4), *wish, 16) == FilmPlan(*plan, 16)


def test_a_model_of_one_size_makes_that():
    assert plan_film(Grid(16, 4, size=(720, 480)), 512, 512, 49, 8) == FilmPlan(720, 480, 49, 8)


def test_a_model_with_a_longest_video_makes_no_longer_one():
    assert plan_film(Grid(64, most_frames=25), 1024, 576, 81, 7).frames == 25
    assert plan_film(Grid(64, most_frames=25), 1024, 576, 14, 7).frames == 14


@given(
    st.builds(Grid, pixels=st.sampled_from([16, 32, 64]), frames=st.sampled_from([1, 4, 8])),
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.integers(1, 500),
)
def test_a_plan_is_on_the_grid_and_near_the_wish(grid, width, height, frames):
    plan = plan_film(grid, width, height, frames, 16)
    for side, wish in ((plan.width, width), (plan.height, height)):
        assert side >= grid.pixels
        assert side % grid.pixels == 0
        assert abs(side - wish) <= grid.pixels / 2 or side == grid.pixels
    assert (plan.frames - 1) % grid.frames == 0
    assert 0 <= plan.frames - frames < grid.frames


@pytest.mark.parametrize(
    ("wanted", "cuda", "mps", "chosen"),
    [
        ("auto", True, False, "cuda"),
        ("auto", False, True, "mps"),
        ("auto", False, False, "cpu"),
        ("cpu", True, True, "cpu"),
        ("cuda:1", True, False, "cuda:1"),
    ],
)
def test_the_best_device_is_used_unless_one_is_named(wanted, cuda, mps, chosen):
    assert choose_device(wanted, cuda=cuda, mps=mps) == chosen


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_named(device):
    with pytest.raises(UsageError, match=f"device {device} was asked for, but this machine has none") as caught:
        choose_device(device, cuda=False, mps=False)
    assert "install a PyTorch" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a whole number above 0, not 0"),
        ({"frames": 2.5}, r"frames must be a whole number above 0, not 2\.5"),
        ({"fps": -8}, "fps must be a whole number above 0, not -8"),
        ({"size": [512]}, r"size must be width and height, such as \[832, 480\], not \[512\]"),
        ({"size": "832x480"}, "size must be width and height"),
        ({"options": {"prompt": "x", "image": "y"}}, "options must not have image, prompt"),
        ({"options": "fast"}, "options must be a table, not 'fast'"),
        ({"dtype": "bfloat"}, "unknown dtype of model my-model: bfloat"),
        ({"dtype": {"vae": "float33"}}, "unknown dtype of model my-model: float33"),
        ({"dtype": {"vae": "auto"}}, "unknown dtype of model my-model: auto"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings, message):
    with pytest.raises(UsageError, match=message):
        DiffusersModel("my-model", "owner/name", **settings)


def test_a_dtype_that_does_not_exist_gets_the_near_ones():
    with pytest.raises(UnknownNameError) as caught:
        DiffusersModel("my-model", "owner/name", dtype="bfloat")
    assert "bfloat16" in caught.value.hint


@pytest.mark.parametrize("missing", ["torch", "diffusers"])
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, tmp_path, missing):
    def import_module(name):
        if name == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return SimpleNamespace(
            cuda=SimpleNamespace(is_available=lambda: False),
            backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False)),
        )

    monkeypatch.setattr("vmevalkit.models.diffusers.import_module", import_module)
    model = DiffusersModel("my-model", str(tmp_path))
    for ask in (model.check, lambda: model.film(REQUEST, tmp_path / "video.mp4")):
        with pytest.raises(UsageError, match=f"^model my-model: needs {missing}$") as caught:
            ask()
        assert caught.value.hint == "pip install 'vmevalkit[diffusers]'"


def test_a_package_that_is_broken_says_how(monkeypatch):
    def import_module(name):
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr("vmevalkit.models.diffusers.import_module", import_module)
    with pytest.raises(UsageError, match=r"torch cannot be imported: libcudart\.so\.13"):
        DiffusersModel("my-model", "owner/name").check()


def test_settings_alone_import_nothing_heavy():
    before = {name for name in ("torch", "diffusers") if name in sys.modules}
    model = DiffusersModel("my-model", "owner/name", revision="refs/pr/3")
    importlib.import_module("vmevalkit.models.diffusers")
    assert {name for name in ("torch", "diffusers") if name in sys.modules} == before
    assert (model.name, model.version, model.description) == ("my-model", "refs/pr/3", "owner/name, by diffusers")
