"""Pages of a fitted recommender and of how good one is: what is like what, and lists of users with what they took."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from closeup.algorithms.ranking.factors import Floats
from closeup.core.words import counted
from closeup.documents.learners import LearnerEvaluation, Metric, ModelHeader
from closeup.features.recommend.model import Recommender
from closeup.pages.learner import Section, bars, evaluation_page, figure_cards, learner_page, settings_rows

LIKED, NEAR = 12, 6
"""Items that a page shows by what is like them, and how many such it names for each."""

SHOWN, LISTED = 9, 10
"""Users that a page shows, and how many items it lists for each."""


def fit_page(model: Recommender) -> str:
    """The page of a fit, as HTML: its check, where there was one, and what is like the most taken items."""
    header, facts = model.header, model.header.facts
    check = facts.get("check", {})
    beside = {way: {m: Metric(v, v, v) for m, v in found.items()} for way, found in check.get("baselines", {}).items()}
    lede = f"What {counted(facts['users'], 'user')} took of {counted(facts['items'], 'item')}"
    lede += (
        f", measured on {check['data']} by a fit on the rest." if check else "; nothing was held back to measure it on."
    )
    return learner_page(
        "recommend, a fit",
        header.data,
        lede=lede,
        facts=[(each.capitalize(), f"{facts[each]:,}") for each in ("users", "items", "pairs")],
        figures=figure_cards(header.metrics, beside),
        sections=[part for part in (_alike(model),) if part["cards"]],
        notes=header.notes,
        made=[*settings_rows(header.settings), *_origin(header)],
    )


def _origin(header: ModelHeader) -> list[tuple[str, str]]:
    return [("closeup", header.version), ("fitted at", header.fitted_at), ("SHA-256 of the data", header.sha256)]


def _alike(model: Recommender) -> Section:
    """The most taken items, each with what is most like it."""
    users = model.users_of_items
    cards = []
    for column in np.argsort(-users, kind="stable")[:LIKED].tolist():
        near = model.similar(model.items.ids[column], NEAR) if users[column] else []
        rows = [{"name": _called(each), "text": f"{each['score']:.2f}", "hit": False} for each in near]
        if rows:
            title = model.items.names.get(model.items.ids[column]) or model.items.ids[column]
            cards.append({"title": title, "note": counted(int(users[column]), "user"), "rows": rows})
    words = "The most taken items, and what is most like each by who took it: the cosine of their vectors, up to 1."
    return {"kind": "lists", "title": "What is like what", "words": words, "cards": cards}


def measured_page(
    found: LearnerEvaluation,
    model: Recommender,
    rows: Sequence[int],
    wanted: Sequence[Any],
    recall: Mapping[str, Floats],
) -> str:
    """The page of an evaluation, as HTML.

    Args:
        rows: Of the N users that count.
        wanted: What each of them took in the data, as columns.
        recall: Recall at 20 of each user, (N,), by way; the model's is "model".
    """
    own, beside = found.metrics["recall_at_20"], found.baselines.get("popularity", {}).get("recall_at_20")
    lede = f"Of what {counted(found.n, 'user')} took and a list of 20 has room for, {own.value:.0%} is found"
    lede += f", and {beside.value:.0%} by popularity." if beside else "."
    return evaluation_page(
        found, "users", lede, [_by_history(model, rows, recall), _users(model, rows, wanted, recall["model"])]
    )


def _by_history(model: Recommender, rows: Sequence[int], recall: Mapping[str, Floats]) -> Section:
    """Recall by how much the model knows of a user: fifths of them."""
    known = model.history.counts[np.asarray(rows)]
    parts = [part for part in np.array_split(np.argsort(known, kind="stable"), 5) if len(part)]
    spans = [f"{known[part].min()} to {known[part].max()} items" for part in parts]
    drawn = [
        (f"{span}: {way.replace('_', ' ')}", float(values[part].mean()), f"{values[part].mean():.4f}")
        for part, span in zip(parts, spans, strict=True)
        for way, values in recall.items()
    ]
    faint = [number for number in range(len(drawn)) if number % len(recall)]
    words = "Recall@20 of a fifth of the users each, by how many items they took."
    return bars("By how much is known of a user", words, drawn, faint)


def _users(model: Recommender, rows: Sequence[int], wanted: Sequence[Any], recall: Floats) -> Section:
    """Users from the worst served to the best, with their lists."""
    order = np.argsort(recall, kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).astype(int))].tolist()
    cards = []
    for place in chosen:
        user = model.users.ids[rows[place]]
        hits = {
            model.items.ids[column] for column in np.asarray(wanted[place]).tolist() if column < model.history.width
        }
        listed = [
            {"name": _called(each), "text": counted(each["users"], "user"), "hit": each["item"] in hits}
            for each in model.for_user(user, LISTED)
        ]
        note = f"recall@20 {recall[place]:.2f}, {counted(len(wanted[place]), 'item')} to find"
        cards.append({"title": f"User {user}", "note": note, "rows": listed})
    words = "From the user that is served worst to the one that is served best; what they did take is marked."
    return {"kind": "lists", "title": "What users are offered", "words": words, "cards": cards}


def _called(each: Mapping[str, Any]) -> str:
    return str(each["name"] or each["item"])
