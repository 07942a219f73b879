"""What is learnt from, made of a table's columns: ratios, ages, distances, prices nearby, prices of a category.

Whatever rests on the target is made without the row's own target and that of its group: prices nearby leave the group
out, and what is fitted over all rows (prices of categories, the plain regression whose errors neighbours share) is
fitted without the fifth of the groups that the row is in. Rows that are not trained on see all training rows but those
of their own group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.metrics.regression import rank_correlation
from closeup.features.appraise.columns import SYNONYMS, Rows, name_words, shares_of
from closeup.features.appraise.neighbours import kilometres, nearest_elsewhere

Floats = NDArray[np.float64]

NEAR = (5, 10, 20)
"""Neighbours that means are taken of."""

SHRINK = 10.0
"""A category's mean is drawn to that of all as if it had so many more rows of that."""

FEW_LEVELS = 8
"""Categories of so few values are a column of 0 and 1 for each, too."""

DIGITS = 6
"""Decimals of what is computed, so that the last bits, which processors differ in, decide nothing."""

REGRESSION = "plain regression"
"""The feature that some models learn the rest beside: unlike trees it goes on beyond what was seen."""

MARGIN = 0.1
"""So far beyond the targets that were seen, as a share of their range."""

_TURNS_DEG = (22.5, 45.0, 67.5)
_FOLDS = 5
ALIKE = 0.3
"""Neighbours count by how alike they are: e^-1/2 where what they differ in is worth this much on the target's scale."""


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """Which features are made of which columns.

    Attributes:
        size: The column that prices are divided by, "" for none.
        rooms: Columns that count rooms.
        ratios: Pairs of columns of one unit.
        years: Columns of years; `renewed` those that may be 0 for never.
        position: Latitude and longitude, or nothing.
        categories: Columns that prices are averaged over, with their values.
        centres: Shape (C, 2): where the dearest rows are.
        logs: Columns that are never below 0: the plain regression has their logarithms too.
        latest: The year that ages are counted to where the table has no date.
    """

    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    size: str
    rooms: tuple[str, ...]
    ratios: tuple[tuple[str, str], ...]
    years: tuple[str, ...]
    renewed: tuple[str, ...]
    position: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    logs: tuple[str, ...]
    latest: float
    centres: tuple[tuple[float, float], ...] = ()


def plan_features(rows: Rows, target: Floats) -> FeaturePlan:
    """Decide on features by the columns, and by the target (N,) on the size and where the centres are."""
    numbers = [each for each in rows.of("number") if np.nanmax(rows.numbers[each.name], initial=-np.inf) > -np.inf]
    years = [each.name for each in numbers if each.says("year") and _are_years(rows.numbers[each.name])]
    renewed = [each.name for each in numbers if each.name in years and each.says("renewed")]
    alike: dict[str, list[str]] = {}
    for each in numbers:
        for unit in sorted(name_words(each.name) & SYNONYMS["unit"]):
            alike.setdefault(unit, []).append(each.name)
    size = _size(rows, [name for names in alike.values() for name in names], target)
    ratios = [(name, size) for names in alike.values() if size in names for name in names if name != size]
    ratios += [
        (first, second)
        for names in alike.values()
        for place, first in enumerate(names)
        for second in names[place + 1 :]
        if size not in (first, second) and name_words(first) == name_words(second)
    ]
    position = tuple(each.name for kind in ("latitude", "longitude") for each in rows.of(kind))
    dates = tuple(each.name for each in rows.of("date"))
    return FeaturePlan(
        numbers=tuple(each.name for each in numbers),
        dates=dates,
        size=size,
        rooms=tuple(each.name for each in numbers if each.says("room")),
        ratios=tuple(dict.fromkeys(ratios)),
        years=tuple(years),
        renewed=tuple(renewed),
        position=position,
        categories={each.name: each.levels for each in rows.columns if each.kind == "category" or each.code},
        logs=tuple(n for n in (each.name for each in numbers) if n not in years and np.nanmin(rows.numbers[n]) >= 0),
        latest=max((float(np.nanmax(rows.numbers[name])) for name in years), default=0.0),
        centres=_centres(rows, position, size, target) if position else (),
    )


def _are_years(values: Floats) -> bool:
    known = values[np.isfinite(values) & (values != 0)]
    return bool(len(known)) and bool((known >= 1500).all() and (known <= 2150).all())


def _size(rows: Rows, names: list[str], target: Floats) -> str:
    """Of columns with a unit, always above 0, the one that goes most with the target by rank; "" for none."""
    positive = [name for name in names if np.nanmin(rows.numbers[name]) > 0]
    strength = {name: round(rank_correlation(rows.numbers[name], target), 6) for name in positive}
    best = max(positive, key=lambda name: strength[name], default="")
    return best if best and strength[best] > 0.3 else ""


def _centres(rows: Rows, position: tuple[str, ...], size: str, target: Floats) -> tuple[tuple[float, float], ...]:
    """Up to three places where the dearest twentieth of rows lies, by k-means from the dearest on."""
    here = np.column_stack([rows.numbers[name] for name in position])
    dear = target - np.log(rows.numbers[size]) if size else target
    known = np.isfinite(here).all(axis=1) & np.isfinite(dear)
    here, dear = here[known], dear[known]
    order = np.lexsort((*here.T, -np.round(dear, DIGITS)))
    best = here[order[: max(len(order) // 20, min(3, len(order)))]]
    centres = best[:1]
    while len(centres) < min(3, len(np.unique(best, axis=0))):
        away = np.min([kilometres(best, centre) for centre in centres], axis=0)
        centres = np.vstack([centres, best[np.argmax(np.round(away, DIGITS))]])
    for _ in range(20):
        nearest = np.argmin(np.round([kilometres(best, centre) for centre in centres], DIGITS), axis=0)
        centres = np.array([best[nearest == place].mean(axis=0) for place in range(len(centres))])
    return tuple((round(float(lat), DIGITS), round(float(long), DIGITS)) for lat, long in centres)


def plain_features(rows: Rows, plan: FeaturePlan) -> dict[str, Floats]:
    """What needs no target: each feature's values (N,) by its name."""
    made = {name: rows.numbers[name] for name in (*plan.numbers, *plan.position)}
    years = np.full(len(rows), plan.latest)
    for name in plan.dates:
        days = rows.numbers[name]
        whole = np.where(np.isfinite(days), days, 0).astype("datetime64[D]")
        year = whole.astype("datetime64[Y]").astype(float) + 1970
        made[f"{name}: day"] = days
        made[f"{name}: month"] = _where(days, whole.astype("datetime64[M]").astype(float) % 12 + 1)
        years = _where(days, year)
    built = [name for name in plan.years if name not in plan.renewed]
    for name in built:
        made[f"age by {name}"] = years - rows.numbers[name]
    for name in plan.renewed:
        when = np.where(rows.numbers[name] > 0, rows.numbers[name], np.nan)
        last = np.fmax(when, rows.numbers[built[0]]) if built else when
        made[f"age by {name}"] = years - last
        made[f"ever {name}"] = np.isfinite(when).astype(float)
    for first, second in plan.ratios:
        made[f"{first} / {second}"] = _ratio(rows.numbers[first], rows.numbers[second])
    for name in plan.rooms:
        if plan.size:
            made[f"{plan.size} / {name}"] = _ratio(rows.numbers[plan.size], rows.numbers[name])
    if len(plan.rooms) > 1:
        made[f"{plan.rooms[1]} / {plan.rooms[0]}"] = _ratio(rows.numbers[plan.rooms[1]], rows.numbers[plan.rooms[0]])
        made["rooms"] = np.sum([rows.numbers[name] for name in plan.rooms], axis=0)
    for name, levels in plan.categories.items():
        if len(levels) <= FEW_LEVELS:
            made |= {f"{name} is {level}": (rows.words[name] == level).astype(float) for level in levels if level}
    return {name: np.round(values, DIGITS) for name, values in (made | _places(rows, plan)).items()}


def _places(rows: Rows, plan: FeaturePlan) -> dict[str, Floats]:
    if not plan.position:
        return {}
    here = np.column_stack([rows.numbers[name] for name in plan.position])
    middle = np.mean(plan.centres, axis=0)
    north, east = here[:, 0] - middle[0], (here[:, 1] - middle[1]) * np.cos(np.radians(middle[0]))
    made = {}
    for turn in _TURNS_DEG:
        angle = np.radians(turn)
        made[f"position turned by {turn:g} degrees, north"] = north * np.cos(angle) + east * np.sin(angle)
        made[f"position turned by {turn:g} degrees, east"] = east * np.cos(angle) - north * np.sin(angle)
    for number, centre in enumerate(plan.centres, start=1):
        made[f"km to dear place {number}"] = kilometres(here, np.asarray(centre))
    return made


def columns_alike(plan: FeaturePlan, names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Features that say how alike two rows are, one for each thing that the table tells, and those of the position.

    Returns:
        Their places among `names`. Codes and categories of many values are told by the position, or else by what was
        paid for them.
    """
    wanted = [name for name in plan.numbers if name not in plan.categories and name not in plan.renewed]
    wanted += [each for name in plan.renewed for each in (f"age by {name}", f"ever {name}")]
    wanted += [f"{name}: day" for name in plan.dates]
    for name, levels in plan.categories.items():
        few = len(levels) <= FEW_LEVELS
        wanted += [f"{name} is {level}" for level in levels if few and level]
        wanted += [f"{name}: mean target"] if not few and not plan.position else []
    wanted += plan.position
    return [names.index(name) for name in dict.fromkeys(wanted)], [names.index(name) for name in plan.position]


def _where(days: Floats, values: Floats) -> Floats:
    return np.where(np.isfinite(days), values, np.nan)


def _ratio(above: Floats, below: Floats) -> Floats:
    """A quotient (N,); NaN where the divisor is 0."""
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0), np.float64)


class Features:
    """Features that are fitted to training rows.

    Attributes:
        plan: Which are made.
        names: Theirs, in the order of the columns of what is made.
        arrays: All that is fitted, by name: what a model's folder keeps.
    """

    def __init__(self, plan: FeaturePlan, names: tuple[str, ...], arrays: dict[str, NDArray[Any]]) -> None:
        self.plan, self.names, self.arrays = plan, names, arrays

    @classmethod
    def fit(cls, rows: Rows, target: Floats, groups: NDArray[np.int64], plan: FeaturePlan) -> tuple["Features", Floats]:
        """Fit to training rows, and give their own features, each made without its group's targets.

        Args:
            target: Shape (N,), on the scale that is learnt on: the logarithm of a price.
            groups: Shape (N,): what keeps rows together.

        Returns:
            The features, and their values of the training rows, shape (N, F).
        """
        plain = plain_features(rows, plan)
        base = _base_matrix(plain, plan)
        centre, spread = (np.asarray(of(base, axis=0), np.float64) for of in (np.nanmean, np.nanstd))
        spread[~(spread > 0)] = 1.0
        arrays: dict[str, NDArray[Any]] = {
            "groups": groups,
            "target": target,
            "base_mean": np.round(centre, DIGITS),
            "base_spread": np.round(spread, DIGITS),
        }
        made = cls(plan, (), arrays)
        arrays["base"] = made._standard(base)
        if plan.position:
            arrays["position"] = np.column_stack([rows.numbers[name] for name in plan.position])
        if plan.size:
            arrays["size"] = np.log(rows.numbers[plan.size])
        arrays |= made._levels(rows)
        parts, columns = shares_of(groups, _FOLDS), dict[str, Floats]()
        known = made._known(rows, plain, groups)
        for part in range(_FOLDS):
            mine = parts == part
            if mine.any():
                for name, values in made._paid(known, mine, ~mine).items():
                    columns.setdefault(name, np.full(len(rows), np.nan))[mine] = values
        made.names = (*plain, *columns)
        return made, _stacked({**plain, **columns})

    def of(self, rows: Rows, groups: NDArray[np.int64]) -> Floats:
        """The features (N, F) of rows that are not trained on; training rows of their groups (N,) are left out."""
        plain = plain_features(rows, self.plan)
        fitted = np.ones(len(self.arrays["groups"]), bool)
        made = self._paid(self._known(rows, plain, groups), np.ones(len(rows), bool), fitted)
        return _stacked({**plain, **made})

    def _known(self, rows: Rows, plain: Mapping[str, Floats], groups: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """What is known of rows without the target: columns of the regression, categories and neighbours."""
        known: dict[str, NDArray[Any]] = {"base": self._standard(_base_matrix(plain, self.plan))}
        known |= self._levels(rows)
        if self.plan.position:
            here = np.column_stack([rows.numbers[name] for name in self.plan.position])
            known["near"], known["far"] = nearest_elsewhere(
                here, groups, self.arrays["position"], self.arrays["groups"]
            )
        return known

    def _standard(self, base: Floats) -> Floats:
        scaled = (base - self.arrays["base_mean"]) / self.arrays["base_spread"]
        return np.asarray(np.round(np.clip(np.nan_to_num(scaled), -15, 15), DIGITS), np.float64)

    def _levels(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """The number of each row's value of each category, -1 for one that training did not have."""
        found = {}
        for number, (name, values) in enumerate(self.plan.categories.items()):
            levels = np.array(values, np.str_)
            place = np.minimum(np.searchsorted(levels, rows.words[name]), len(levels) - 1)
            found[f"level {number}"] = np.where(levels[place] == rows.words[name], place, -1).astype(np.int64)
        return found

    def _paid(
        self, known: Mapping[str, NDArray[Any]], mine: NDArray[np.bool_], fitted: NDArray[np.bool_]
    ) -> dict[str, Floats]:
        """Features of rows `mine` (N,) that rest on the target: what is fitted, is to training rows `fitted` (M,)."""
        chosen = {name: values[mine] for name, values in known.items()}
        target, others = self.arrays["target"], self.arrays["base"]
        slopes = _ridge(others[fitted], target[fitted])
        low, high = target[fitted].min(), target[fitted].max()
        reach = MARGIN * (high - low)
        guess = np.clip(chosen["base"] @ slopes[1:] + slopes[0], low - reach, high + reach)
        guess = np.round(guess, DIGITS)
        paid = {"target": target, "error": np.round(target - others @ slopes[1:] - slopes[0], DIGITS)}
        made = {REGRESSION: guess}
        for number in range(len(self.plan.categories)):
            made |= self._by_category(number, chosen[f"level {number}"], paid, fitted)
        if self.plan.position:
            made |= self._nearby(chosen, paid, slopes[1:])
            made["alike nearby: guess"] = guess + np.nan_to_num(made["alike nearby: mean error"])
        return made

    def _by_category(
        self, number: int, of_row: NDArray[np.int64], paid: Mapping[str, Floats], fitted: NDArray[np.bool_]
    ) -> dict[str, Floats]:
        name, levels = list(self.plan.categories)[number], self.arrays[f"level {number}"]
        known = fitted & (levels >= 0)
        count = np.bincount(levels[known], minlength=max(len(self.plan.categories[name]), 1)).astype(float)
        made = {f"{name}: share of rows": np.where(of_row >= 0, count[of_row] / fitted.sum(), 0.0)}
        for words, values in paid.items():
            mean = values[fitted].mean()
            sums = np.bincount(levels[known], values[known] - mean, minlength=len(count))
            means = mean + sums / (count + SHRINK)
            made[f"{name}: mean {words}"] = np.where(of_row >= 0, means[of_row], mean)
        return made

    def _nearby(
        self, chosen: Mapping[str, NDArray[Any]], paid: Mapping[str, Floats], slopes: Floats
    ) -> dict[str, Floats]:
        """Means over neighbours of prices, of prices by size, and of the errors of the plain regression."""
        places, far = chosen["near"], chosen["far"]
        there = (places >= 0).astype(float)
        if self.plan.size:
            paid = {**paid, "target by size": paid["target"] - self.arrays["size"]}
        made = {}
        for count in NEAR:
            made[f"{count} nearest: km"] = _mean(far[:, :count], there[:, :count])
            for words, values in paid.items():
                made[f"{count} nearest: mean {words}"] = _mean(values[places[:, :count]], there[:, :count])
        apart = np.zeros(places.shape)
        worth, others = chosen["base"] * slopes, self.arrays["base"] * slopes
        for column in range(len(slopes)):
            apart += (worth[:, column, None] - others[places, column]) ** 2
        reach = _mean(far[:, : NEAR[1]], there[:, : NEAR[1]])[:, None] + 0.05
        weight = np.exp(-apart / (2 * ALIKE**2) - np.nan_to_num(far / reach) / 2) * there
        for words, values in paid.items():
            if words != "target":
                made[f"alike nearby: mean {words}"] = _mean(values[places], weight)
        made["alike nearby: how many"] = weight.sum(axis=1)
        return made


def _mean(values: Floats, weights: Floats) -> Floats:
    """Weighted means of rows (N, K), (N,); NaN where nothing weighs."""
    total = weights.sum(axis=1)
    return _ratio((np.where(weights > 0, values, 0) * weights).sum(axis=1), total)


def _base_matrix(plain: Mapping[str, Floats], plan: FeaturePlan) -> Floats:
    """What the plain regression rests on, (N, B): all but position and codes, with the logarithms of some."""
    made = []
    for name, values in plain.items():
        if name not in (*plan.position, *plan.categories) and not name.startswith(("position ", "km to ")):
            made.append(values)
            if name in plan.logs:
                made.append(np.log1p(np.maximum(values, 0)))
    return np.column_stack(made) if made else np.empty((len(next(iter(plain.values()))), 0))


def _ridge(base: Floats, target: Floats) -> Floats:
    """Intercept and slopes (1 + B,) of the plain regression on standardised columns (N, B)."""
    middle, centre = target.mean(), base.mean(axis=0)
    moved = base - centre
    square = moved.T @ moved + 1e-3 * len(base) * np.eye(base.shape[1])
    slopes = np.round(np.linalg.solve(square, moved.T @ (target - middle)), 9)
    return np.concatenate([[middle - centre @ slopes], slopes])


def _stacked(columns: Mapping[str, Floats]) -> Floats:
    """Columns (N,) side by side, (N, F), to `DIGITS` decimals."""
    return np.asarray(np.round(np.column_stack(list(columns.values())), DIGITS), np.float64)
