"""Image-to-video pipelines of Hugging Face diffusers, on this machine."""

import gc
import inspect
import io
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.media import Frame, write_video
from vmevalkit.models._grids import FilmPlan, Untyped, choose_device, grid_of, plan_film
from vmevalkit.models.base import FilmRequest, ModelError
from vmevalkit.models.fitting import on_canvas

DTYPES = ("float32", "bfloat16", "float16")

# Verified to take one image, prompt and generator per video; others take several prompts, but one image for all.
_BATCHING = {"LTXImageToVideoPipeline", "CogVideoXImageToVideoPipeline", "StableVideoDiffusionPipeline"}

_OURS = {"image", "prompt", "negative_prompt", "height", "width", "num_frames", "generator", "output_type"}

# What libraries raise for weights, settings and inputs that do not go together. A NameError is diffusers' way to miss a
# package that is optional to it.
_FAILURES = (ValueError, TypeError, RuntimeError, AttributeError, NameError, LookupError, ImportError, AssertionError)


class DiffusersModel:
    """Films with a pipeline that is loaded at the first video and then kept; one video, or batch, is made at a time."""

    def __init__(
        self,
        name: str,
        source: str,
        *,
        pipeline: str | None = None,
        device: str = "auto",
        dtype: str | Mapping[str, str] = "auto",
        steps: int | None = None,
        guidance: float | None = None,
        size: Sequence[int] | None = None,
        frames: int | None = None,
        fps: int | None = None,
        negative_prompt: str | None = None,
        offload: bool = False,
        options: Mapping[str, object] | None = None,
        revision: str | None = None,
        variant: str | None = None,
        version: str | None = None,
        description: str | None = None,
    ) -> None:
        """Take a model's settings; nothing is imported or loaded yet.

        Args:
            name: the model's name.
            source: a folder with a ``model_index.json``, or a repository on the Hugging Face hub.
            pipeline: the pipeline's class, if it is not the one that ``model_index.json`` names, or its
                image-to-video form.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
            dtype: ``auto`` (bfloat16 on CUDA, else float32), one of `DTYPES`, or one for each of the pipeline's
                parts, with ``default`` for those that are not named.
            steps: denoising steps; the pipeline's own default if it is not given, as with what follows.
            guidance: the scale of the classifier-free guidance.
            size: width and height in pixels; that of the first frame if it is not given.
            frames: the number of frames; as many as the requested duration takes if it is not given.
            fps: frames per second; as requested if it is not given.
            negative_prompt: what should not be seen.
            offload: keep in the GPU only the part that works, and decode in tiles: slower, in far less memory.
            options: more arguments of the pipeline's call.
            revision: of a repository on the hub.
            variant: of the weights' files, such as ``fp16``.
            version: the model's version, as results have it; the revision if it is not given.
            description: a line for lists of models.

        Raises:
            UsageError: a setting cannot be used.

        """
        self.name = name
        self.version = version or revision or "1"
        self.description = description or f"{source}, by diffusers"
        for what, number in (("steps", steps), ("frames", frames), ("fps", fps)):
            if number is not None and (not isinstance(number, int) or number < 1):
                raise UsageError(f"model {name}: {what} must be a whole number above 0, not {number}")
        if size is not None and not (len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)):
            raise UsageError(f"model {name}: size must be width and height, such as [832, 480], not {size}")
        for value in dtype.values() if isinstance(dtype, Mapping) else [dtype]:
            if value not in DTYPES and dtype != "auto":
                raise UnknownNameError(f"dtype of model {name}", value, ("auto", *DTYPES))
        if not isinstance(options or {}, Mapping):
            raise UsageError(f"model {name}: options must be a table, not {options!r}")
        ours = sorted(_OURS & set(options or {}))
        if ours:
            raise UsageError(f"model {name}: options must not have {', '.join(ours)}: they come from the request")
        self._source, self._class, self._revision, self._variant = source, pipeline, revision, variant
        self._wanted_device, self._wanted_dtype, self._offload = device, dtype, offload
        self._steps, self._guidance, self._negative_prompt = steps, guidance, negative_prompt
        self._size = (size[0], size[1]) if size is not None else None
        self._frames, self._fps = frames, fps
        self._options = dict(options or {})
        self._lock = threading.RLock()
        self._loaded: Untyped = None

    def check(self) -> None:
        """See whether the model can be loaded, as far as that can be seen without loading it.

        Raises:
            UsageError: a package, the device or the folder is not there.

        """
        self._device()
        self._import("diffusers")
        self._folder()

    def plan(self, request: FilmRequest) -> FilmPlan:
        """Say what the video will be like; loads the pipeline.

        Raises:
            UsageError: see `check`.
            ModelError: it cannot be loaded.

        """
        fps = self._fps or request.fps
        height, width = request.first_frame.shape[:2]
        if self._size is not None:
            width, height = self._size
        frames = self._frames or max(1, round(request.frames / request.fps * fps))
        with self._pipeline() as pipeline:
            return plan_film(grid_of(pipeline), width, height, frames, fps)

    def film(self, request: FilmRequest, path: Path) -> None:
        """Make a video, and write it to ``path``.

        Raises:
            UsageError: see `check`, or a setting that the pipeline does not have.
            ModelError: it cannot be loaded, or fails.

        """
        self.film_batch([request], [path])

    def film_batch(self, requests: Sequence[FilmRequest], paths: Sequence[Path]) -> None:
        """Make several videos: at the same time if the pipeline can do so and they are to be alike, else in turn.

        Each is as if it were made alone, but for the rounding of numbers. What is done stays if a later one fails.

        Raises:
            UsageError, ModelError: as `film`.

        """
        with self._pipeline() as pipeline:
            batching = type(pipeline).__name__ in _BATCHING
            jobs = [(self.plan(request), request, path) for request, path in zip(requests, paths, strict=True)]
            for plan, alike in groupby(jobs, key=lambda job: job[0]):
                group = list(alike)
                for batch in [group] if batching else [[job] for job in group]:
                    videos = self._videos(pipeline, plan, [request for _, request, _ in batch])
                    for video, (_, _, path) in zip(videos, batch, strict=True):
                        write_video(path, _frames(video, self.name), fps=plan.fps)

    def _videos(self, pipeline: Untyped, plan: FilmPlan, requests: Sequence[FilmRequest]) -> Untyped:
        torch = self._import("torch")
        parameters = inspect.signature(type(pipeline).__call__).parameters
        images = [_picture(request.first_frame, plan) for request in requests]
        generators = [torch.Generator("cpu").manual_seed(request.seed % 2**64) for request in requests]
        prompts = [request.prompt for request in requests]
        alone = len(requests) == 1
        given: dict[str, Untyped] = {
            "image": images[0] if alone else images,
            "prompt": prompts[0] if alone else prompts,
            "generator": generators[0] if alone else generators,
            "width": plan.width,
            "height": plan.height,
            "num_frames": plan.frames + grid_of(pipeline).dropped_frames,
            "frame_rate": plan.fps,
            "fps": plan.fps,
            "output_type": "np",
        }
        arguments = {name: value for name, value in given.items() if name in parameters}
        arguments |= self._settings(type(pipeline).__name__, parameters)
        with self._failing("the pipeline failed"):
            return pipeline(**arguments).frames

    def _settings(self, kind: str, parameters: Mapping[str, object]) -> dict[str, object]:
        guidance = "max_guidance_scale" if "max_guidance_scale" in parameters else "guidance_scale"
        named: list[tuple[str, str, object]] = [
            ("steps", "num_inference_steps", self._steps),
            ("guidance", guidance, self._guidance),
            ("negative_prompt", "negative_prompt", self._negative_prompt),
        ]
        given = [(setting, parameter, value) for setting, parameter, value in named if value is not None]
        for setting, parameter, _ in given:
            if parameter not in parameters:
                raise UsageError(f"model {self.name}: {kind} has no {setting}", hint=f"leave {setting} away")
        for option in self._options:
            if option not in parameters:
                raise UnknownNameError(f"option of {kind} for model {self.name}", option, parameters)
        return {parameter: value for _, parameter, value in given} | self._options

    @contextmanager
    def _pipeline(self) -> Iterator[Untyped]:
        """Give the pipeline, loaded, to this thread alone."""
        with self._lock:
            if self._loaded is None:
                self._free_memory()  # of a model that was used before
                self._loaded = self._load()
            yield self._loaded

    def _load(self) -> Untyped:
        device, diffusers, source = self._device(), self._import("diffusers"), self._folder()
        if self._offload and device == "cpu":
            raise UsageError(f"model {self.name}: offload needs a GPU", hint="leave offload away")
        diffusers.utils.logging.disable_progress_bar()
        failed = f"{self._source} cannot be loaded"
        with self._failing(failed, OSError):
            index = diffusers.DiffusionPipeline.load_config(source, revision=self._revision)
        kind = self._kind(diffusers, self._class or index.get("_class_name"))
        with self._failing(failed, OSError, self._import("safetensors").SafetensorError):
            pipeline = kind.from_pretrained(
                source, revision=self._revision, variant=self._variant, dtype=self._dtype(device)
            )
            pipeline.set_progress_bar_config(disable=True)
            if self._offload:
                if hasattr(pipeline.vae, "enable_tiling"):
                    pipeline.vae.enable_tiling()
                pipeline.enable_model_cpu_offload(device=device)
            else:
                pipeline.to(device)
        return pipeline

    def _kind(self, diffusers: Untyped, name: object) -> Untyped:
        """Find a pipeline's class, or that of the same family which takes an image."""
        known = [other for other in dir(diffusers) if other.endswith("Pipeline")]
        if name not in known:
            raise UnknownNameError(f"diffusers pipeline for model {self.name}", str(name), known)
        for candidate in (str(name), str(name).removesuffix("Pipeline") + "ImageToVideoPipeline"):
            kind = getattr(diffusers, candidate) if candidate in known else None
            if kind is not None and {"image", "num_frames"} <= set(inspect.signature(kind.__call__).parameters):
                return kind
        raise UsageError(
            f"model {self.name}: {name} does not make videos from an image",
            hint="take an image-to-video model, or name its class as pipeline",
        )

    def _dtype(self, device: str) -> Untyped:
        torch, dtype = self._import("torch"), self._wanted_dtype
        if dtype == "auto":
            dtype = "bfloat16" if device.startswith("cuda") else "float32"
        if isinstance(dtype, str):
            return getattr(torch, dtype)
        return {"default": torch.float32} | {part: getattr(torch, name) for part, name in dtype.items()}

    def _device(self) -> str:
        torch = self._import("torch")
        try:
            return choose_device(
                self._wanted_device, cuda=torch.cuda.is_available(), mps=torch.backends.mps.is_available()
            )
        except UsageError as error:
            raise UsageError(f"model {self.name}: {error.message}", hint=error.hint) from error

    def _folder(self) -> str:
        source = self._source
        folder = Path(source).expanduser()
        if folder.is_dir():
            if not (folder / "model_index.json").is_file():
                raise UsageError(
                    f"model {self.name}: {source} has no model_index.json", hint="give the folder of a whole pipeline"
                )
            return str(folder)
        if source.startswith(("/", ".", "~")) or source.count("/") != 1:
            raise UsageError(
                f"model {self.name}: no such folder: {source}", hint="or a repository of the hub: owner/name"
            )
        return source

    def _import(self, module: str) -> Untyped:
        try:
            return import_module(module)
        except ImportError as error:
            missing = isinstance(error, ModuleNotFoundError) and error.name == module
            text = f"needs {module}" if missing else f"{module} cannot be imported: {_one_line(error)}"
            raise UsageError(f"model {self.name}: {text}", hint="pip install 'vmevalkit[diffusers]'") from error

    @contextmanager
    def _failing(self, what: str, *more: type[Exception]) -> Iterator[None]:
        """Turn what libraries raise into a `ModelError`."""
        expected: tuple[type[Exception], ...] = (*_FAILURES, *more)
        try:
            yield
        except expected as error:
            if not _is_out_of_memory(error):
                raise ModelError(f"{self.name}: {what}: {_one_line(error)}") from error
            traceback.clear_frames(error.__traceback__)  # they hold the tensors that fill the memory
            raise ModelError(
                f"{self.name}: {what}: out of memory",
                hint="a smaller size, fewer frames, fewer videos at a time, offload = true, or dtype bfloat16",
            ) from error

    def _free_memory(self) -> None:
        torch = self._import("torch")
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _picture(frame: Frame, plan: FilmPlan) -> Image.Image:
    return Image.open(io.BytesIO(on_canvas(frame, plan.width, plan.height)))


def _frames(video: Untyped, name: str) -> Iterator[Frame]:
    for picture in video:
        pixels = np.asarray(picture, dtype=np.float32)
        if not np.isfinite(pixels).all():
            raise ModelError(
                f"{name}: the pipeline made pixels that are not numbers", hint="set dtype to bfloat16 or float32"
            )
        yield (pixels * 255).round().clip(0, 255).astype(np.uint8)


def _is_out_of_memory(error: Exception) -> bool:
    signs = ("out of memory", "can't allocate memory", "not enough memory")
    return type(error).__name__ == "OutOfMemoryError" or any(sign in str(error).lower() for sign in signs)


def _one_line(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 300 else words[:297] + "..."
