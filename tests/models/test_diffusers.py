"""Pipelines of diffusers: tiny and with random weights, but really run, on the CPU. Needs the extra ``diffusers``."""

import inspect
import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs vmevalkit[diffusers]")
diffusers = pytest.importorskip("diffusers", reason="needs vmevalkit[diffusers]")

import tiny_pipelines  # noqa: E402 - imports diffusers

from vmevalkit import media  # noqa: E402
from vmevalkit.errors import UnknownNameError, UsageError  # noqa: E402
from vmevalkit.models import FilmRequest, ModelError  # noqa: E402
from vmevalkit.models._grids import FilmPlan  # noqa: E402
from vmevalkit.models.diffusers import DiffusersModel  # noqa: E402

# What the libraries say to one another is not ours to mend, but what will soon be an error is ours to know.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.filterwarnings("error::FutureWarning")]

EVERY = list(tiny_pipelines.BUILDERS)
FIRST = np.full((32, 64, 3), 250, np.uint8)
FIRST[8:20, 10:30] = (200, 30, 30)


@pytest.fixture(scope="module", autouse=True)
def one_thread_without_network():
    """Threads cost more than they bring at this size."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a tiny pipeline, made once."""
    made = tmp_path_factory.mktemp("pipelines")

    def of(name):
        return made / name if (made / name).exists() else tiny_pipelines.save(name, made)

    return of


@pytest.fixture(scope="module")
def model(folder):
    """Return a model of a tiny pipeline; without more settings, the same one every time."""
    plain = {}

    def of(name, **settings):
        options = tiny_pipelines.OPTIONS.get(name, {}) | settings.pop("options", {})
        if settings or name not in plain:
            made = DiffusersModel(f"tiny-{name}", str(folder(name)), **({"steps": 2} | settings), options=options)
            return plain.setdefault(name, made) if not settings else made
        return plain[name]

    return of


def request(prompt="Move it.", *, seed=5, first_frame=FIRST, fps=8, frames=4):
    return FilmRequest(prompt, first_frame, fps, frames, seed, final_frame=first_frame, solution=None, wrong=None)


def frames_of(path):
    return np.stack(list(media.read_frames(path))).astype(int)


@pytest.mark.parametrize("name", EVERY)
def test_a_pipeline_makes_the_video_that_it_has_planned(model, name, tmp_path):
    path = tmp_path / "video.mp4"
    plan = model(name).plan(request())
    model(name).film(request(), path)
    info = media.probe(path)
    assert plan == FilmPlan(info.width, info.height, info.frames, round(info.fps))
    assert plan == FilmPlan(64, 32, {"ltx": 9, "cogvideox": 9, "svd": 4}.get(name, 5), 8)


@pytest.mark.parametrize("name", EVERY)
def test_the_seed_decides(model, name, tmp_path):
    one, same, other = (tmp_path / f"{number}.mp4" for number in range(3))
    for path, seed in ((one, 2**64 - 1), (same, 2**64 - 1), (other, 1)):
        model(name).film(request(seed=seed), path)
    assert one.read_bytes() == same.read_bytes()
    assert (frames_of(one) != frames_of(other)).any()


@pytest.mark.parametrize("name", EVERY)
def test_the_first_frame_matters(model, name, tmp_path):
    model(name).film(request(), tmp_path / "one.mp4")
    model(name).film(request(first_frame=255 - FIRST), tmp_path / "other.mp4")
    assert (frames_of(tmp_path / "one.mp4") != frames_of(tmp_path / "other.mp4")).any()


@pytest.mark.parametrize("name", EVERY)
def test_several_at_a_time_are_as_if_made_alone(model, name, tmp_path, monkeypatch):
    # Compared before they are encoded: in noise, a difference of rounding makes the encoder choose anew.
    made = {}
    monkeypatch.setattr(
        "vmevalkit.models.diffusers.write_video", lambda path, frames, fps: made.update({path: (list(frames), fps)})
    )
    requests = [request("Move it."), request("Turn it.", seed=6, first_frame=255 - FIRST), request("Go.", fps=4)]
    for number, asked in enumerate(requests):
        model(name).film(asked, tmp_path / f"alone-{number}")
    model(name).film_batch(requests, [tmp_path / f"together-{number}" for number in range(3)])
    for number in range(3):
        alone, together = made[tmp_path / f"alone-{number}"], made[tmp_path / f"together-{number}"]
        assert np.abs(np.subtract(alone[0], together[0], dtype=int)).max() <= 1
        assert alone[1] == together[1] == requests[number].fps


@pytest.mark.parametrize(("name", "calls"), [("ltx", 1), ("cogvideox", 1), ("svd", 1), ("wan", 2), ("hunyuan", 2)])
def test_pipelines_that_can_make_several_at_a_time_do_so(model, name, calls, tmp_path, monkeypatch):
    kind = type(tiny_pipelines.BUILDERS[name]())
    counted, real = [], kind.__call__

    def call(self, image=None, **arguments):
        counted.append(arguments)
        return real(self, image=image, **arguments)

    call.__signature__ = inspect.signature(real)
    monkeypatch.setattr(kind, "__call__", call)
    model(name).film_batch([request(), request(seed=6)], [tmp_path / "1.mp4", tmp_path / "2.mp4"])
    assert len(counted) == calls
    assert media.probe(tmp_path / "2.mp4").frames == media.probe(tmp_path / "1.mp4").frames


def test_settings_decide_size_frames_and_rate(model, tmp_path):
    wan = model("wan", size=[100, 40], frames=7, fps=12)
    assert wan.plan(request()) == FilmPlan(96, 48, 9, 12)
    wan.film(request(), tmp_path / "video.mp4")
    info = media.probe(tmp_path / "video.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (96, 48, 9, 12.0)


def test_another_rate_keeps_the_duration(model):
    plan = model("svd", fps=4).plan(request(frames=8, fps=8))
    assert (plan.frames, plan.fps) == (4, 4)


def test_a_longest_video_is_kept_to(model):
    assert model("svd").plan(request(frames=32)).frames == 6


def test_an_odd_frame_is_put_on_a_canvas(model, tmp_path):
    square = np.full((50, 50, 3), 200, np.uint8)
    assert model("ltx").plan(request(first_frame=square)) == FilmPlan(64, 64, 9, 8)
    model("ltx").film(request(first_frame=square), tmp_path / "video.mp4")
    assert media.probe(tmp_path / "video.mp4").width == 64


@pytest.mark.parametrize("setting", ["steps", "guidance", "negative_prompt", "options"])
def test_every_setting_reaches_the_pipeline(model, setting, tmp_path):
    # As there is no more than one step, the scale of the guidance needs a negative prompt that differs.
    usual = {"steps": 2, "guidance": 3.0, "negative_prompt": "dark"}
    other = {
        "steps": 3,
        "guidance": 9.0,
        "negative_prompt": "a long and bright one",
        "options": {"guidance_rescale": 1.0},
    }
    model("ltx", **usual).film(request(), tmp_path / "one.mp4")
    model("ltx", **(usual | {setting: other[setting]})).film(request(), tmp_path / "other.mp4")
    assert (frames_of(tmp_path / "one.mp4") != frames_of(tmp_path / "other.mp4")).any()


def test_a_pipeline_is_loaded_once(model, tmp_path, monkeypatch):
    ltx, loads = model("ltx", steps=1), []
    real = diffusers.LTXImageToVideoPipeline.from_pretrained
    monkeypatch.setattr(
        diffusers.LTXImageToVideoPipeline, "from_pretrained", lambda *a, **k: loads.append(a) or real(*a, **k)
    )
    for _ in range(2):
        ltx.plan(request())
        ltx.film(request(), tmp_path / "video.mp4")
    assert len(loads) == 1


def test_weights_of_a_text_to_video_pipeline_are_used_with_an_image(folder, tmp_path):
    shutil.copytree(folder("ltx"), tmp_path / "text-to-video")
    index = tmp_path / "text-to-video" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"_class_name": "LTXPipeline"}))
    DiffusersModel("mine", str(index.parent), steps=1).film(request(), tmp_path / "video.mp4")
    assert media.probe(tmp_path / "video.mp4").frames == 9


@pytest.mark.parametrize("dtype", ["bfloat16", {"default": "bfloat16", "vae": "float32"}])
def test_numbers_may_be_of_another_type(model, dtype, tmp_path):
    model("wan", dtype=dtype).film(request(), tmp_path / "video.mp4")
    assert media.probe(tmp_path / "video.mp4").frames == 5


def test_a_device_that_is_not_there_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for ask in (lambda it: it.check(), lambda it: it.film(request(), tmp_path / "video.mp4")):
        with pytest.raises(UsageError, match="model tiny-ltx: device cuda was asked for, but this machine has none"):
            ask(model("ltx", device="cuda"))


def test_offload_without_a_gpu_is_refused(model, tmp_path):
    with pytest.raises(UsageError, match="model tiny-ltx: offload needs a GPU"):
        model("ltx", device="cpu", offload=True).film(request(), tmp_path / "video.mp4")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    for source in (str(tmp_path / "nowhere"), "./nowhere", "nowhere", "a/b/c"):
        with pytest.raises(UsageError, match=f"model mine: no such folder: {source}"):
            DiffusersModel("mine", source).check()


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"has no model_index\.json"):
        DiffusersModel("mine", str(tmp_path)).check()


def test_a_repository_that_cannot_be_reached_is_one_line(tmp_path):
    with pytest.raises(ModelError, match=r"^mine: nobody/nothing-of-the-kind cannot be loaded: \S.*$"):
        DiffusersModel("mine", "nobody/nothing-of-the-kind").film(request(), tmp_path / "video.mp4")


def test_an_unknown_pipeline_gets_the_near_ones(folder, tmp_path):
    with pytest.raises(UnknownNameError, match="diffusers pipeline for model mine: LTXImageToVideo") as caught:
        DiffusersModel("mine", str(folder("ltx")), pipeline="LTXImageToVideo").plan(request())
    assert "LTXImageToVideoPipeline" in caught.value.hint


def test_a_pipeline_that_takes_no_image_is_refused(folder):
    with pytest.raises(UsageError, match="LattePipeline does not make videos from an image"):
        DiffusersModel("mine", str(folder("ltx")), pipeline="LattePipeline").plan(request())


def test_an_unknown_option_gets_the_near_ones(model, tmp_path):
    with pytest.raises(UnknownNameError, match="guidance_rescal") as caught:
        model("ltx", steps=1, options={"guidance_rescal": 0.5}).film(request(), tmp_path / "video.mp4")
    assert "guidance_rescale" in caught.value.hint


def test_a_pipeline_without_a_prompt_has_no_negative_one(model, tmp_path):
    with pytest.raises(UsageError, match="StableVideoDiffusionPipeline has no negative_prompt"):
        model("svd", negative_prompt="dark").film(request(), tmp_path / "video.mp4")


def test_weights_that_are_cut_short_are_one_line(folder, tmp_path):
    shutil.copytree(folder("ltx"), tmp_path / "broken")
    weights = next((tmp_path / "broken" / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"^mine: .*broken cannot be loaded: \S.*$") as caught:
        DiffusersModel("mine", str(tmp_path / "broken")).film(request(), tmp_path / "video.mp4")
    assert "\n" not in caught.value.message


def test_a_failure_of_the_pipeline_is_one_line(model, tmp_path):
    with pytest.raises(ModelError, match=r"^tiny-ltx: the pipeline failed: \S.*$") as caught:
        model("ltx", steps=1, options={"timesteps": ["soon"]}).film(request(), tmp_path / "video.mp4")
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB."), RuntimeError("can't allocate memory")],
)
def test_too_little_memory_has_a_hint(model, tmp_path, monkeypatch, error):
    def forward(*_, **__):
        raise error

    monkeypatch.setattr(diffusers.LTXVideoTransformer3DModel, "forward", forward)
    with pytest.raises(ModelError, match=r"^tiny-ltx: the pipeline failed: out of memory$") as caught:
        model("ltx").film(request(), tmp_path / "video.mp4")
    assert "smaller size" in caught.value.hint
    monkeypatch.undo()
    model("ltx").film(request(), tmp_path / "video.mp4")


def test_pixels_that_are_not_numbers_make_no_video(model, tmp_path, monkeypatch):
    def forward(self, hidden_states, **_):
        return (torch.full_like(hidden_states, torch.nan),)

    monkeypatch.setattr(diffusers.LTXVideoTransformer3DModel, "forward", forward)
    with pytest.raises(ModelError, match="made pixels that are not numbers"):
        model("ltx").film(request(), tmp_path / "video.mp4")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that PyTorch can use")
@pytest.mark.parametrize("offload", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_a_pipeline_runs_on_a_gpu(model, name, offload, tmp_path):
    model(name, device="cuda", offload=offload).film(request(), tmp_path / "video.mp4")
    assert media.probe(tmp_path / "video.mp4").frames >= 4
