"""Videos: H.264 in MP4 out, RGB frames in. The only package that talks to FFmpeg's libraries."""

from vmevalkit.media._container import Frame, VideoInfo
from vmevalkit.media.glimpsing import glimpses
from vmevalkit.media.reading import Overview, declared, last_frame, overview, picked_frames, probe, read_frames
from vmevalkit.media.writing import write_video

__all__ = [
    "Frame",
    "Overview",
    "VideoInfo",
    "declared",
    "glimpses",
    "last_frame",
    "overview",
    "picked_frames",
    "probe",
    "read_frames",
    "write_video",
]
