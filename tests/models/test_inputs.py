"""How a job becomes the fields of a submission to a host of many models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.models._inputs import inputs, whole
from vmevalkit.models.provider import VideoJob

JOB = VideoJob("Go {seed}!", b"png", 640, 480, 5.0, 7, "key")


def fields(options, job=JOB):
    return inputs(options, job, "data:x", image_name="image_url")


def test_without_options_the_prompt_and_the_frame_go_under_the_host_s_usual_names():
    assert fields({}) == {"prompt": "Go {seed}!", "image_url": "data:x"}


def test_an_option_that_takes_the_frame_replaces_the_usual_name():
    assert fields({"start_image": "{image}"}) == {"prompt": "Go {seed}!", "start_image": "data:x"}


def test_it_is_also_found_inside_lists_and_tables():
    assert fields({"media": [{"type": "first_frame", "url": "{image}"}]}) == {
        "prompt": "Go {seed}!",
        "media": [{"type": "first_frame", "url": "data:x"}],
    }


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("{seconds}", 5),
        ("{seconds!s}", "5"),
        ("{seconds}s", "5s"),
        ("{width}*{height}", "640*480"),
        ("{seed}", 7),
        ("{other}", "{other}"),
        ("$5 {", "$5 {"),
        (0.5, 0.5),
        (True, True),
        (None, None),
    ],
)
def test_an_option_is_filled_in_or_goes_as_it_is(asked, got):
    found = fields({"field": asked})["field"]
    assert found == got
    assert type(found) is type(got)


def test_what_the_prompt_says_is_not_filled_in():
    assert fields({"text": "Film: {prompt}"})["text"] == "Film: Go {seed}!"


@given(st.floats(0.01, 1e6))
def test_a_duration_keeps_its_value_and_loses_only_a_zero_after_the_point(seconds):
    assert whole(seconds) == seconds
    assert not str(whole(seconds)).endswith(".0")
