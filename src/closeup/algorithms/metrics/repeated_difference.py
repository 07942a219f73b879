"""Whether something makes a difference that was tried several times: chance in the items, and in each trial."""

from collections.abc import Sequence

import numpy as np

from closeup.algorithms.metrics.classification import RESAMPLES, Difference, Statistic, draws, paired_difference

LEVEL = 0.95


def repeated_difference(
    trials: Sequence[tuple[Statistic, Statistic]],
    count: int,
    *,
    groups: Sequence[object] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """The mean difference of a metric over trials on the same items, with its 95 % interval.

    Two chances are in it. Other items would have given another mean: its variance is taken by bootstrap, each draw's
    items being the same for all. Other trials (seeds of training) would have, too: its variance is that of the trials'
    differences by their number. The two are added, which counts their common part twice, and the interval is Student's
    with the degrees of freedom after Welch and Satterthwaite (Satterthwaite, Biometrics Bulletin 2, 1946), where only
    the trials are few. With a single trial the second chance cannot be known: the interval is the items' alone, and
    too narrow.

    Args:
        trials: For each a pair of metrics, a and b, from indices (M,) of items; at least one.
        count: Items.
        groups: The group of each item; see `classification.draws`.
        resamples: Draws behind the items' share of the interval.
        seed: The same seed gives the same interval.

    Raises:
        ValueError: If there is no trial or no item.
    """
    if not trials:
        raise ValueError("there is no trial")
    if len(trials) == 1:
        return paired_difference(*trials[0], count, groups=groups, resamples=resamples, seed=seed)
    from scipy.stats import t

    everything = np.arange(count)
    each = np.array([(a(everything), b(everything)) for a, b in trials], np.float64)
    by_trial = float(np.var(each[:, 1] - each[:, 0], ddof=1)) / len(trials)
    by_item = _item_variance(trials, count, groups, resamples, seed)
    first, second = (float(mean) for mean in each.mean(axis=0))
    difference, variance = second - first, by_trial + by_item
    if variance == 0:
        return Difference(first, second, difference, difference, difference)
    freedom = (len(trials) - 1) * (variance / by_trial) ** 2 if by_trial else np.inf
    half = float(t.ppf((1 + LEVEL) / 2, freedom)) * variance**0.5
    return Difference(first, second, difference, difference - half, difference + half)


def _item_variance(
    trials: Sequence[tuple[Statistic, Statistic]],
    count: int,
    groups: Sequence[object] | None,
    resamples: int,
    seed: int,
) -> float:
    """How much the mean over trials varies from draw to draw; a draw without a metric (ValueError) is left out."""
    means = []
    for drawn in draws(count, groups, resamples, seed):
        try:
            means.append(np.mean([b(drawn) - a(drawn) for a, b in trials]))
        except ValueError:
            continue
    if not means:
        raise ValueError("no draw gives a metric")
    return float(np.var(means))
