"""What is special about the turning figures: their shape, what is seen of them, and what counts as the same view."""

from dataclasses import replace
from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, get_domain, question_rng
from vmevalkit.tasks.rotation_task import drawing
from vmevalkit.tasks.rotation_task.cells import GRID, agreement, seen_labels, visible_shares
from vmevalkit.tasks.rotation_task.figure import (
    arm,
    bends,
    is_chiral_without_symmetry,
    is_free,
    mirrored,
    normalised,
    quarter_turned,
)
from vmevalkit.tasks.rotation_task.puzzle import (
    ANGLES,
    LEAST_VISIBLE,
    Puzzle,
    Turn,
    mistakes,
    pose,
    similarities,
)
from vmevalkit.tasks.rotation_task.reading import SAME_VIEW, State, similarity
from vmevalkit.tasks.rotation_task.view import LEFT, NOTHING, RIGHT, TOP, stage, view

ROTATION = get_domain("rotation")
RIGHT_ANGLE = Turn("clockwise", 90)
TOWER = ((0, 0, 0), (0, 0, 1), (0, 0, 2))


def sampled(count, difficulty=None):
    for index in range(count):
        chosen = difficulty or DIFFICULTIES[index % 3]
        yield ROTATION.sample(question_rng("rotation", ROTATION.version, 5, index), chosen)


@pytest.fixture(scope="module")
def hundred():
    return list(sampled(100))


def rgb(image):
    return np.array(image.convert("RGB"))


def labelled(puzzle, azimuth_error):
    """What is seen when the turn is off by some degrees."""
    figure, azimuth = pose(puzzle, puzzle.asked)
    return State(seen_labels(figure, (azimuth + azimuth_error) % 360, puzzle.elevation).tobytes())


# Figures


def all_poses(figure):
    """The figure in all orientations, by repeated quarter turns about two axes."""
    found, waiting = set(), [normalised(figure)]
    while waiting:
        pose_ = waiting.pop()
        if pose_ not in found:
            found.add(pose_)
            waiting += [normalised((-y, x, z) for x, y, z in pose_), normalised((x, -z, y) for x, y, z in pose_)]
    return found


def test_no_figure_equals_its_mirror_image_or_one_of_its_own_rotations(hundred):
    for puzzle in hundred:
        poses = all_poses(puzzle.figure)
        assert len(poses) == 24
        assert mirrored(puzzle.figure) not in poses


@pytest.mark.parametrize(
    ("lengths", "directions"),
    [
        ([4], [0]),
        ([2, 3], [0, 2]),
        ([1, 2, 3], [0, 2, 0]),
        ([2, 2, 2], [0, 2, 4]),
    ],
    ids=["straight", "flat hook", "flat step", "symmetric"],
)
def test_figures_that_could_be_confused_with_themselves_are_refused(lengths, directions):
    assert not is_chiral_without_symmetry(normalised(arm(lengths, directions)))


def test_a_bent_arm_with_unequal_ends_is_accepted():
    assert is_chiral_without_symmetry(normalised(arm([1, 2, 3], [0, 2, 4])))


def test_an_arm_must_not_touch_itself():
    assert is_free(arm([2, 2, 2], [0, 2, 4]))
    assert not is_free(arm([2, 1, 2], [0, 2, 1]))
    assert not is_free(arm([3, 2, 1, 1], [0, 2, 4, 3]))


@pytest.mark.parametrize(
    ("difficulty", "cubes", "corners", "angles"),
    [("easy", {7, 8}, {2}, {60, 90}), ("medium", {8, 9}, {2, 3}, {90, 120}), ("hard", {9, 10}, {3}, {120, 150})],
)
def test_difficulty_is_cubes_bends_and_angle(difficulty, cubes, corners, angles):
    puzzles = list(sampled(24, difficulty))
    assert {len(puzzle.figure) for puzzle in puzzles} == cubes
    assert {bends(puzzle.figure) for puzzle in puzzles} == corners
    assert {puzzle.asked.angle for puzzle in puzzles} == angles


def test_figures_extend_in_all_three_dimensions_and_stand_on_the_ground(hundred):
    for puzzle in hundred:
        for axis in range(3):
            assert {0, 1} <= {cube[axis] for cube in puzzle.figure}


# Views


def cast_rays(figure, azimuth, elevation):
    """An independent renderer: the first face that the ray through the middle of each cell hits."""
    placed = stage(figure, elevation)
    turn, tilt = radians(azimuth), radians(elevation)
    right = np.array([cos(turn), -sin(turn), 0])
    away = np.array([sin(turn), cos(turn), 0])
    up = cos(tilt) * np.array([0, 0, 1]) + sin(tilt) * away
    forward = cos(tilt) * away - sin(tilt) * np.array([0, 0, 1])
    middles = (np.arange(GRID) + 0.5) / GRID
    across, down = np.meshgrid(middles, middles)
    origin = np.array([*placed.axis, 0.0])
    starts = (
        origin
        + ((across - 0.5) / placed.scale)[..., None] * right
        + ((placed.ground - down) / placed.scale)[..., None] * up
        - 100 * forward
    )
    nearest = np.full((GRID, GRID), np.inf)
    labels = np.zeros((GRID, GRID), dtype=np.uint8)
    for cube in figure:
        one, other = (cube - starts) / forward, (np.array(cube) + 1 - starts) / forward
        entries = np.minimum(one, other)
        enter, leave = entries.max(axis=-1), np.maximum(one, other).min(axis=-1)
        axis = entries.argmax(axis=-1)
        sideways = np.where(axis == 0, -np.sign(forward[0]) * right[0], -np.sign(forward[1]) * right[1])
        label = np.where(axis == 2, TOP, np.where(sideways > 0, RIGHT, LEFT))
        hit = (enter < leave) & (enter < nearest)
        nearest[hit], labels[hit] = enter[hit], label[hit]
    return labels


def inside(labels):
    """The cells whose neighbours all show the same."""
    around = [np.roll(labels, (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return np.all([each == labels for each in around], axis=0)


def test_an_independent_renderer_sees_the_same_faces(hundred):
    for puzzle in hundred[:20]:
        labels = seen_labels(puzzle.figure, float(puzzle.azimuth), puzzle.elevation)
        expected = cast_rays(puzzle.figure, puzzle.azimuth, puzzle.elevation)
        assert (labels == expected)[inside(expected)].all()
        assert agreement(labels, expected) > 0.9


def test_what_is_clockwise_seen_from_above_brings_the_front_to_the_left():
    pointer = normalised([(0, 0, 0), (0, -1, 0), (0, -2, 0), (0, -3, 0), (0, 0, 1)])
    puzzle = Puzzle(pointer, 25, 0, RIGHT_ANGLE, RIGHT_ANGLE)
    figure, azimuth = pose(puzzle, puzzle.asked)
    seen = view(figure, azimuth, 25)
    tower = seen.corners[seen.cubes == pointer.index(max(pointer, key=lambda cube: cube[2]))][..., 0].mean()
    tip = seen.corners[seen.cubes == pointer.index(min(pointer, key=lambda cube: cube[1]))][..., 0].mean()
    assert tip < tower
    for index in range(8):
        assert "left" in ROTATION.prompt(puzzle, "open", question_rng("rotation", 1, 1, index))


def test_every_cube_is_well_seen_before_and_after_the_turn(hundred):
    for puzzle in hundred:
        for figure, azimuth in (pose(puzzle, None), pose(puzzle, puzzle.asked)):
            assert visible_shares(figure, azimuth, puzzle.elevation).min() >= LEAST_VISIBLE


def test_a_cube_that_stands_alone_is_fully_visible():
    assert visible_shares(((0, 0, 0),), 33.0, 25) == pytest.approx(1, abs=0.03)


def test_no_turn_leads_out_of_the_picture(hundred):
    for puzzle in hundred:
        for azimuth in range(0, 360, 15):
            corners = view(puzzle.figure, azimuth, puzzle.elevation).corners
            assert corners.min() > 0.05
            assert corners.max() < 0.95


# The proof


def test_all_mistakes_look_different(hundred):
    for puzzle in hundred:
        solved = ROTATION.state(puzzle, solved=True)
        for turn in mistakes(puzzle.asked):
            shown = ROTATION.state(replace(puzzle, shown=turn), solved=True)
            assert not ROTATION.matches(shown, solved)


def test_mistakes_are_all_other_turns_and_the_mirror_image():
    texts = {str(turn) for turn in mistakes(RIGHT_ANGLE)}
    assert len(texts) == 2 * len(ANGLES)
    assert {"turn counterclockwise 90", "turn clockwise 60", "mirror and turn clockwise 90"} < texts
    assert str(RIGHT_ANGLE) not in texts


def test_a_figure_that_looks_the_same_after_another_turn_has_several_solutions():
    puzzle = Puzzle(TOWER, 25, 40, RIGHT_ANGLE, RIGHT_ANGLE)
    assert len(ROTATION.solve(puzzle)) > 2
    with pytest.raises(PuzzleError):
        ROTATION.check(puzzle)


def test_a_figure_with_a_hidden_cube_has_no_solution():
    hiding = normalised([*((0, 0, z) for z in range(4)), (1, 0, 0), (0, 1, 0)])
    behind = Puzzle(hiding, 20, 180 + 40, RIGHT_ANGLE, RIGHT_ANGLE)
    wall = normalised([(x, 0, z) for x in range(3) for z in range(4)] + [(1, 1, 0)])
    assert ROTATION.solve(replace(behind, figure=wall, azimuth=20)) == []


def test_the_mirror_image_is_that_of_the_first_view(hundred):
    for puzzle in hundred[:10]:
        figure, azimuth = pose(puzzle, replace(puzzle.asked, mirrored=True), 0.0)
        flipped = seen_labels(figure, azimuth, puzzle.elevation)[:, ::-1]
        exchanged = np.array([NOTHING, TOP, RIGHT, LEFT])[flipped]
        original = seen_labels(puzzle.figure, float(puzzle.azimuth), puzzle.elevation)
        assert (exchanged == original)[inside(original)].all()


@given(st.integers(0, 30), st.integers(1, 3))
def test_a_figure_that_is_turned_by_right_angles_and_back_asks_the_same_question(index, turns):
    puzzle = ROTATION.sample(question_rng("rotation", 1, 6, index), "easy")
    same = replace(puzzle, figure=quarter_turned(puzzle.figure, turns), azimuth=(puzzle.azimuth - 90 * turns) % 360)
    assert ROTATION.key(same) == ROTATION.key(puzzle)
    assert similarities(same) == pytest.approx(similarities(puzzle), abs=0.005)


def test_the_key_depends_on_each_part_of_the_question(hundred):
    puzzle = hundred[0]
    others = [
        replace(puzzle, azimuth=(puzzle.azimuth + 1) % 360),
        replace(puzzle, elevation=puzzle.elevation + 1),
        replace(puzzle, figure=mirrored(puzzle.figure)),
        *(replace(puzzle, asked=turn) for turn in mistakes(puzzle.asked) if not turn.mirrored),
    ]
    assert len({ROTATION.key(other) for other in [puzzle, *others]}) == len(others) + 1


# Metadata

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SOUND = ROTATION.to_metadata(next(sampled(1)))


@given(st.sampled_from(["voxels", "elevation", "azimuth_start", "direction", "angle", "answer"]), JSON)
def test_malformed_metadata_is_refused_and_its_field_named(field, value):
    problem = None
    try:
        ROTATION.from_metadata({**SOUND, field: value})
    except PuzzleError as error:
        problem = str(error)
    if problem is None:
        assert field in ("elevation", "azimuth_start", "angle")
    else:
        assert problem.startswith(f"rotation: {field}")


@given(st.sampled_from(["direction", "angle", "mirrored"]), JSON.filter(lambda value: not isinstance(value, bool)))
def test_a_malformed_answer_is_refused(field, value):
    if value in ANGLES:
        return
    with pytest.raises(PuzzleError, match=f"answer.{field}"):
        ROTATION.from_metadata({**SOUND, "answer": {**SOUND["answer"], field: value}})


@pytest.mark.parametrize(
    "voxels", [[[1, 0, 0]], [[0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0]], [[0, 0, 99]], [[0, 0, True]]]
)
def test_voxels_that_are_no_figure_in_order_are_refused(voxels):
    with pytest.raises(PuzzleError, match="voxels"):
        ROTATION.from_metadata({**SOUND, "voxels": voxels})


def test_the_metadata_says_where_the_turn_ends(hundred):
    for puzzle in hundred[:20]:
        metadata = ROTATION.to_metadata(puzzle)
        sign = 1 if metadata["direction"] == "counterclockwise" else -1
        assert (metadata["azimuth_start"] + sign * metadata["angle"] - metadata["azimuth_end"]) % 360 == 0
        assert metadata["most_similar_mistake"]["similarity"] < SAME_VIEW


# Frames


def test_first_and_final_frames_use_one_palette(hundred):
    for puzzle in hundred[:20]:
        for image in ROTATION.draw(puzzle):
            assert image.getpalette()[: drawing.PALETTE.table.size] == drawing.PALETTE.table.ravel().tolist()


def test_a_turn_that_is_off_by_fifteen_degrees_does_not_match(hundred):
    for puzzle in hundred:
        solved = ROTATION.state(puzzle, solved=True)
        for error in (-20, -15, 15, 20):
            assert not ROTATION.matches(labelled(puzzle, error), solved)


def test_a_turn_that_is_off_by_two_degrees_matches(hundred):
    for puzzle in hundred[:30]:
        for error in (-2, 2):
            assert ROTATION.matches(labelled(puzzle, error), ROTATION.state(puzzle, solved=True))


def test_drawn_mistakes_are_read_and_do_not_match(hundred):
    for puzzle in hundred[:12]:
        solved = ROTATION.state(puzzle, solved=True)
        for turn in mistakes(puzzle.asked):
            seen = ROTATION.read(rgb(ROTATION.render(replace(puzzle, shown=turn), 1.0)))
            assert similarity(seen, solved) < SAME_VIEW - 0.05


def test_every_frame_of_the_film_can_be_read(hundred):
    for frame in ROTATION.animate(hundred[0], 24):
        ROTATION.read(frame)


def test_displaced_and_blurred_frames_match(hundred):
    for puzzle in hundred[:6]:
        image = ROTATION.render(puzzle, 1.0).convert("RGB")
        solved = ROTATION.state(puzzle, solved=True)
        assert ROTATION.matches(ROTATION.read(np.roll(rgb(image), (3, -4), axis=(0, 1))), solved)
        assert ROTATION.matches(ROTATION.read(rgb(image.filter(ImageFilter.GaussianBlur(1.5)))), solved)


def test_an_empty_turntable_is_unreadable(hundred):
    frame = rgb(ROTATION.render(hundred[0], 0.0))
    faces = np.array([drawing.rgb(drawing.COLOURS[name]) for name in ("top", "left", "right", "ink")])
    figure = (np.abs(frame[..., None, :].astype(int) - faces).sum(axis=-1).min(axis=-1)) < 60
    frame[figure] = 255
    with pytest.raises(UnreadableFrameError, match="no figure"):
        ROTATION.read(frame)


def test_a_figure_in_other_colours_is_unreadable(hundred):
    frame = rgb(ROTATION.render(hundred[0], 0.0))[..., ::-1]
    with pytest.raises(UnreadableFrameError, match="colours"):
        ROTATION.read(np.ascontiguousarray(frame))


def test_a_figure_in_front_of_a_wall_is_unreadable(hundred):
    frame = rgb(ROTATION.render(hundred[0], 0.0))
    frame[:, 350:][(frame[:, 350:] == 255).all(axis=2)] = (211, 217, 223)
    with pytest.raises(UnreadableFrameError, match="margin"):
        ROTATION.read(frame)


def test_the_film_of_a_mirror_image_begins_with_the_figure_and_ends_with_its_mirror_image(hundred):
    puzzle = hundred[2]
    wrong = replace(puzzle, shown=replace(puzzle.asked, mirrored=True))
    film = list(ROTATION.animate(wrong, 16))
    assert ROTATION.matches(ROTATION.read(film[0]), ROTATION.state(puzzle, solved=False))
    assert ROTATION.matches(ROTATION.read(film[-1]), ROTATION.state(wrong, solved=True))


def test_wrong_answers_are_of_each_kind(hundred):
    puzzle = hundred[0]
    shown = [ROTATION.wrong(puzzle, question_rng("rotation", 1, 5, index, "wrong")).shown for index in range(40)]
    assert any(turn.mirrored for turn in shown)
    assert any(turn.direction != puzzle.asked.direction for turn in shown)
    assert any(turn.angle != puzzle.asked.angle for turn in shown)


def quarter_of_mark(frame):
    rows, columns = np.nonzero((np.abs(frame.astype(int) - drawing.rgb(drawing.COLOURS["mark"])) < 30).all(axis=2))
    return None if len(rows) < 20 else (rows.mean(), columns.mean() > frame.shape[1] / 2)


def test_instructed_prompts_say_where_the_mark_ends_up(hundred):
    found = 0
    for puzzle in hundred[:30]:
        seen = quarter_of_mark(rgb(ROTATION.render(puzzle, 1.0)))
        if seen is None:
            continue
        found += 1
        height, right = seen
        back = height < stage(puzzle.figure, puzzle.elevation).ground * 512
        place = f"{'back' if back else 'front'} {'right' if right else 'left'}"
        text = ROTATION.prompt(puzzle, "instructed", question_rng("rotation", 1, 1, 1))
        assert f"to the {place}," in text or f"at the {place}," in text
    assert found > 10


def test_prompts_name_the_angle_and_the_direction(hundred):
    for index, puzzle in enumerate(hundred[:20]):
        text = ROTATION.prompt(puzzle, "open", question_rng("rotation", 1, 1, index))
        assert f"{puzzle.asked.angle} degrees" in text
        assert f" {puzzle.asked.direction}" in text
        assert "camera" in text


def test_a_difference_gives_the_share_of_each_kind_of_face():
    one, other = (np.full((GRID, GRID), NOTHING, dtype=np.uint8) for _ in "ab")
    one[10:20, 10:20] = other[10:20, 10:20] = TOP
    one[40:60, 10:20] = LEFT
    other[40:60, 10:20] = RIGHT
    text = ROTATION.difference(State(one.tobytes()), State(other.tobytes()))
    assert text == (
        "33% of the figure is seen as expected: 100% of its top faces, 0% of its left faces and 0% of its right faces."
    )


@pytest.mark.parametrize("offset", [10.0**-power for power in range(1, 12)])
def test_a_figure_whose_sides_are_seen_almost_from_their_edges_is_drawn(hundred, offset):
    puzzle = hundred[0]
    exact, near = (drawing.draw_figure(puzzle.figure, azimuth, puzzle.elevation, 512) for azimuth in (90, 90 + offset))
    assert np.abs(rgb(exact).astype(int) - rgb(near)).mean() < 1


def test_frames_scale_without_changing_what_is_seen(hundred):
    small, large = (ROTATION.render(hundred[1], 0.0, size).convert("RGB") for size in (300, 900))
    difference = np.asarray(large.resize((300, 300), Image.Resampling.BOX)).astype(int) - np.asarray(small)
    assert np.abs(difference).mean() < 3
