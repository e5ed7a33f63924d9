"""How far raters agree, beyond what chance would give.

A coefficient that has no value for such ratings says why; it is never not-a-number. Everything is computed from
tables of counts, so that a bootstrap over items is a multinomial draw of the table, however many items there are.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vmevalkit.analysis.statistics import LEVEL, RESAMPLES, Interval, percentile_interval

Weights = Literal["unweighted", "linear", "quadratic"]
Measurement = Literal["nominal", "ordinal", "interval"]
Label = Hashable
Floats = NDArray[np.float64]

_SEED = 20_250_116
_BYTES_AT_ONCE = 32 << 20
_MOST_WITHOUT_VALUE = 0.1  # of the resamples; with more, the rest is no fair sample

ALL_EQUAL = "all ratings are equal, so there is nothing that chance could get wrong"
NO_OVERLAP = "no item was rated by two"
ONE_RATER = "one rater alone agrees with nobody"
ONE_VALUE = "one of the two gave every item the same rating"


@dataclass(frozen=True)
class Coefficient:
    """A measure of agreement, or why there is none."""

    value: float | None
    items: int
    """How many items it stands on: those rated by at least two."""
    reason: str | None = None
    """Why there is no value."""
    interval: Interval | None = None
    """By bootstrap over the items; `None` unless asked for, and where the items do not vary enough."""


def percent_agreement(first: Sequence[Label], second: Sequence[Label]) -> Coefficient:
    """Return the share of the items to which two raters gave the same rating."""
    table = _table(first, second, None)
    if not len(first):
        return Coefficient(None, 0, NO_OVERLAP)
    return Coefficient(float(np.trace(table)) / len(first), len(first))


def confusion(
    first: Sequence[Label], second: Sequence[Label], categories: Sequence[Label]
) -> tuple[tuple[int, ...], ...]:
    """Return how many items the first rater put in a category (row) and the second in another (column)."""
    return tuple(tuple(int(count) for count in row) for row in _table(first, second, categories))


def cohen_kappa(
    first: Sequence[Label],
    second: Sequence[Label],
    *,
    weights: Weights = "unweighted",
    categories: Sequence[Label] | None = None,
    intervals: bool = False,
) -> Coefficient:
    """Return Cohen's kappa of two raters of the same items.

    Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
    (1960); weighted: J. Cohen, Psychological Bulletin 70 (1968). The weights are those of the distance between the
    places of two categories, or of its square.

    Args:
        first: a rating per item.
        second: those of the other rater, in the same order.
        weights: how much worse a larger distance is.
        categories: all ratings that there are, in their order; those that occur if `None`.
        intervals: also bootstrap an interval.

    """
    table = _table(first, second, categories)
    distances = _distances(len(table), weights)
    return _of_table(table, lambda tables: _kappa(tables, distances), ALL_EQUAL, intervals=intervals)


def spearman(first: Sequence[float], second: Sequence[float], *, intervals: bool = False) -> Coefficient:
    """Return Spearman's rank correlation of two raters of the same items; ties share their mean rank.

    Source: C. Spearman, "The proof and measurement of association between two things", American Journal of Psychology
    15 (1904).
    """
    return _of_table(_table(first, second, None), _rank_correlation, ONE_VALUE, intervals=intervals)


def krippendorff_alpha(
    ratings: Sequence[Sequence[Any]],
    *,
    level: Measurement = "ordinal",
    intervals: bool = False,
) -> Coefficient:
    """Return Krippendorff's alpha of any number of raters, each of whom may have left items out.

    Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), University of Pennsylvania.

    Args:
        ratings: a row per rater with an entry per item, `None` where the rater gave none; all rows equally long.
            Numbers, unless ``level`` is nominal.
        level: what the ratings are: names, an order, or numbers whose differences mean something.
        intervals: also bootstrap an interval over the items.

    Raises:
        ValueError: the rows differ in length.

    """
    if len({len(row) for row in ratings}) > 1:
        raise ValueError("every rater needs an entry per item; None where there is no rating")
    if len(ratings) < 2:
        return Coefficient(None, 0, ONE_RATER)
    categories = _in_order({rating for row in ratings for rating in row if rating is not None})
    place = {category: i for i, category in enumerate(categories)}
    patterns: Counter[tuple[int, ...]] = Counter()
    for item in zip(*ratings, strict=True):
        counts = [0] * len(categories)
        for rating in item:
            if rating is not None:
                counts[place[rating]] += 1
        if sum(counts) >= 2:
            patterns[tuple(counts)] += 1
    if not patterns:
        return Coefficient(None, 0, NO_OVERLAP)
    shapes = np.array(sorted(patterns), dtype=float)
    numbers = np.array([patterns[shape] for shape in sorted(patterns)], dtype=np.int64)
    values = np.array(categories, dtype=float) if level == "interval" else np.arange(len(categories), dtype=float)
    pairs = _coincidences(shapes)

    def alpha(many: NDArray[np.int64]) -> Floats:
        return _alpha(np.tensordot(many.astype(float), pairs, axes=1), values, level)

    return _with_interval(numbers, alpha, ALL_EQUAL, intervals=intervals, width=pairs[0].size)


def _table(first: Sequence[Label], second: Sequence[Label], categories: Sequence[Label] | None) -> NDArray[np.int64]:
    if len(first) != len(second):
        raise ValueError(f"two raters of the same items need as many ratings: {len(first)} and {len(second)}")
    order = _in_order({*first, *second}) if categories is None else list(categories)
    place = {category: i for i, category in enumerate(order)}
    table = np.zeros((len(order), len(order)), dtype=np.int64)
    for pair, count in Counter(zip(first, second, strict=True)).items():
        table[place[pair[0]], place[pair[1]]] = count
    return table


def _in_order(labels: set[Any]) -> list[Any]:
    return sorted(labels)


def _of_table(
    table: NDArray[np.int64], coefficient: Callable[[Floats], Floats], reason: str, *, intervals: bool
) -> Coefficient:
    if not table.any():
        return Coefficient(None, 0, NO_OVERLAP)

    def of_flat(many: NDArray[np.int64]) -> Floats:
        return coefficient(many.astype(float).reshape(*many.shape[:-1], *table.shape))

    return _with_interval(table.ravel(), of_flat, reason, intervals=intervals, width=table.size)


def _with_interval(
    counts: NDArray[np.int64],
    coefficient: Callable[[NDArray[np.int64]], Floats],
    reason: str,
    *,
    intervals: bool,
    width: int,
) -> Coefficient:
    """Compute a coefficient from the counts of each kind of item, and its interval from counts drawn anew.

    ``coefficient`` takes a stack of counts and gives a value each, not-a-number where it has none.
    """
    items = int(counts.sum())
    value = float(coefficient(counts[np.newaxis])[0])
    if math.isnan(value):
        return Coefficient(None, items, reason)
    found = Coefficient(value, items)
    if not intervals or np.count_nonzero(counts) < 2:
        return found
    generator = np.random.Generator(np.random.PCG64(_SEED))
    step = max(_BYTES_AT_ONCE // (8 * max(width, len(counts))), 1)
    drawn = [
        coefficient(generator.multinomial(items, counts / items, size=min(step, RESAMPLES - start)))
        for start in range(0, RESAMPLES, step)
    ]
    estimates = np.concatenate(drawn)
    has_value = ~np.isnan(estimates)
    if np.mean(~has_value) > _MOST_WITHOUT_VALUE:
        return found
    interval = percentile_interval(estimates[has_value], LEVEL)
    # Where everybody agrees on everything, drawing the items anew cannot show how sure that is.
    return replace(found, interval=interval) if interval.low < interval.high else found


def _distances(size: int, weights: Weights) -> Floats:
    places = np.arange(size, dtype=float)
    apart = np.abs(places[:, np.newaxis] - places)
    return {"unweighted": (apart > 0).astype(float), "linear": apart, "quadratic": apart**2}[weights]


def _kappa(tables: Floats, distances: Floats) -> Floats:
    total = tables.sum(axis=(-2, -1))
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    seen = (tables * distances).sum(axis=(-2, -1)) * total
    by_chance = np.einsum("...i,ij,...j->...", rows, distances, columns)
    return 1 - _ratio(seen, by_chance)


def _rank_correlation(tables: Floats) -> Floats:
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    first, second = _centred_ranks(rows), _centred_ranks(columns)
    together = np.einsum("...i,...ij,...j->...", first, tables, second)
    apart = np.sqrt((rows * first**2).sum(axis=-1)) * np.sqrt((columns * second**2).sum(axis=-1))
    return _ratio(together, apart)


def _centred_ranks(counts: Floats) -> Floats:
    """Return the mean rank of each category's items, less the mean of all ranks."""
    through = np.cumsum(counts, axis=-1)
    return through - counts / 2 - through[..., -1:] / 2


def _coincidences(shapes: Floats) -> Floats:
    """Return the pairs of ratings within an item, by category, weighted so that an item counts as many as it has."""
    pairs = shapes[:, :, np.newaxis] * shapes[:, np.newaxis, :]
    own = np.arange(shapes.shape[1])
    pairs[:, own, own] -= shapes
    weighted: Floats = pairs / (shapes.sum(axis=1) - 1)[:, np.newaxis, np.newaxis]
    return weighted


def _alpha(coincidences: Floats, values: Floats, level: Measurement) -> Floats:
    margins = coincidences.sum(axis=-1)
    total = margins.sum(axis=-1)
    if level == "nominal":
        apart = np.broadcast_to(_distances(len(values), "unweighted"), coincidences.shape)
    else:
        at = _centred_ranks(margins) if level == "ordinal" else np.broadcast_to(values, margins.shape)
        apart = (at[..., :, np.newaxis] - at[..., np.newaxis, :]) ** 2
    seen = (coincidences * apart).sum(axis=(-2, -1)) * (total - 1)
    by_chance = (margins[..., :, np.newaxis] * margins[..., np.newaxis, :] * apart).sum(axis=(-2, -1))
    return 1 - _ratio(seen, by_chance)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with not-a-number in place of a division by zero."""
    quotient = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient
