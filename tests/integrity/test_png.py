"""Frames are decoded quickly, and are then what Pillow says they are."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from vmevalkit.integrity._images import BrokenImageError, open_picture, show_the_same
from vmevalkit.integrity._png import chunks, decode_frame

COLOURS = st.tuples(*[st.sampled_from([0, 7, 255])] * 3)


@st.composite
def drawn(draw, size=None, palette=None):
    """A picture with a palette, in which colours may stand twice."""
    width, height = size or (draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    palette = palette or draw(st.lists(COLOURS, min_size=17, max_size=256))
    seed = draw(st.integers(0, 3))
    numbers = np.random.default_rng(seed).integers(0, len(palette), (height, width), dtype=np.uint8)
    image = Image.fromarray(numbers, mode="P")
    image.putpalette(np.array(palette, dtype=np.uint8).tobytes())
    return image


def encoded(image, **options):
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def packed(parts):
    """Put a PNG file together, with checksums that are right."""
    written = b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4) for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + written


@given(drawn())
def test_a_frame_has_the_pixels_that_pillow_sees(image):
    frame = decode_frame(list(chunks(encoded(image))))
    assert frame is not None
    rows = np.frombuffer(frame.rows, np.uint8).reshape(image.height, image.width + 1)
    colours = np.frombuffer(frame.palette, np.uint8).reshape(-1, 3)
    assert np.array_equal(colours[rows[:, 1:]], np.asarray(image.convert("RGB")))


@given(st.data())
def test_two_frames_show_the_same_if_their_pixels_are_the_same(data):
    one = data.draw(drawn())
    palette = data.draw(st.sampled_from([None, [tuple(one.getpalette()[n : n + 3]) for n in range(0, 51, 3)]]))
    other = data.draw(st.just(one) | drawn(one.size, palette))
    first, second = (open_picture(encoded(image), decoded=True) for image in (one, other))
    assert show_the_same(first, second) == np.array_equal(
        np.asarray(one.convert("RGB")), np.asarray(other.convert("RGB"))
    )


def test_a_single_other_pixel_is_seen():
    one = Image.new("P", (512, 512), 3)
    one.putpalette(bytes(range(120)))
    other = one.copy()
    other.putpixel((400, 17), 4)
    first, second = (open_picture(encoded(image), decoded=True) for image in (one, other))
    assert first.frame is not None
    assert not show_the_same(first, second)


def test_another_number_of_the_same_colour_is_no_difference():
    one = Image.new("P", (64, 64), 3)
    one.putpalette(bytes(range(90)) + bytes(range(9, 12)))
    other = one.copy()
    other.paste(30, (0, 0, 64, 32))
    first, second = (open_picture(encoded(image), decoded=True) for image in (one, other))
    assert show_the_same(first, second)


@given(drawn((9, 9)), st.data())
def test_whatever_is_changed_in_a_file_pillow_agrees_with_what_is_decoded_quickly(image, data):
    parts = [list(part) for part in chunks(encoded(image))]
    place = data.draw(st.integers(0, len(parts) - 1))
    body = bytearray(parts[place][1]) or bytearray(b"\0")
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    parts[place][1] = bytes(body[: data.draw(st.just(len(body)) | st.integers(0, len(body)))])
    frame = decode_frame(list(chunks(packed(parts))))
    if frame is not None:
        with Image.open(io.BytesIO(packed(parts))) as seen:
            pixels = np.asarray(seen.convert("RGB"))
        rows = np.frombuffer(frame.rows, np.uint8).reshape(pixels.shape[0], -1)[:, 1:]
        assert np.array_equal(np.frombuffer(frame.palette, np.uint8).reshape(-1, 3)[rows], pixels)


@pytest.mark.parametrize(
    "file",
    [
        encoded(Image.new("RGB", (20, 20), "red")),
        encoded(Image.new("L", (20, 20), 7)),
        encoded(Image.new("1", (20, 20), 1)),
        encoded(Image.new("P", (20, 20), 1), bits=4),
        encoded(Image.new("P", (20, 20), 1), transparency=1),
    ],
)
def test_other_pictures_are_left_to_pillow(file):
    assert decode_frame(list(chunks(file))) is None
    assert open_picture(file, decoded=True).size == (20, 20)


def test_a_frame_with_words_in_it_is_left_to_pillow():
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", "a maze")
    file = encoded(Image.new("P", (20, 20), 1), pnginfo=words)
    assert decode_frame(list(chunks(file))) is None
    assert open_picture(file, decoded=True).size == (20, 20)


@given(drawn((30, 30)), st.data())
def test_a_changed_bit_is_found(image, data):
    file = bytearray(encoded(image))
    place = data.draw(st.integers(8, len(file) - 1))
    file[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BrokenImageError):
        open_picture(bytes(file), decoded=True)
