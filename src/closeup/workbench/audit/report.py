"""report.html of an audit: each finding as a picture with its evidence, to be ticked and taken as corrections."""

from collections import Counter
from pathlib import Path
from typing import Any

from closeup.core.data_uri import data_uri
from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.media.image import decode_image, encode_jpeg, shrunk
from closeup.pages.commands import for_audit
from closeup.pages.page import render_page
from closeup.pages.timeline import percent
from closeup.workbench.audit.find import Audit, Finding
from closeup.workbench.datasets.items import Dataset, Item

SHOWN = 400
"""Findings on the page; the table has all of them."""

PICTURE_PX = 176
EXAMPLE_PX = 72

MOST_CLASSES = 24
"""With more classes than this the page leaves out the table of what is taken for what."""


def render_report(audit: Audit, dataset: Dataset, folder: Path, progress: ProgressCallback = ignore) -> str:
    """Write the page of an audit: HTML with all pictures, style and script inside.

    Args:
        dataset: In what: its pictures are read.
        folder: What the command on the page calls the result.
    """
    items = {item.key: item for item in dataset.items}
    cards = []
    for finding in audit.findings[:SHOWN]:
        cards.append(_card(finding, dataset, items[finding.key]))
        progress(Progress("Drawing the page", len(cards), min(len(audit.findings), SHOWN), "pictures"))
    predictions = audit.predictions
    pairs = Counter((finding.label, finding.suggestion) for finding in audit.findings[:SHOWN])
    return render_page(
        "closeup.workbench.audit",
        "audit.html.j2",
        style="audit.css",
        script="audit.js",
        data=audit.data,
        title="labels that are probably wrong" if audit.knows_something else "labels that look wrong by chance",
        field=predictions.field,
        classes=predictions.classes,
        facts=_facts(audit),
        notes=audit.notes if audit.knows_something else (f"The classifier: {audit.reliability}", *audit.notes),
        cards=cards,
        total=len(audit.findings),
        pairs=pairs.most_common(),
        examples=[
            (name, [_picture(dataset, dataset.items[index], EXAMPLE_PX) for index in chosen])
            for name, chosen in zip(predictions.classes, audit.examples, strict=True)
        ]
        if len(predictions.classes) <= MOST_CLASSES
        else [],
        groups=audit.groups,
        joint=_joint(audit) if len(predictions.classes) <= MOST_CLASSES else [],
        command=for_audit(str(folder)),
        unreadable=predictions.unreadable,
        how=predictions.how,
        method=audit.method,
    )


def _facts(audit: Audit) -> list[tuple[str, str]]:
    checked = len(audit.predictions.kept)
    return [
        ("Labels checked", f"{checked:,}"),
        (
            "Probably wrong" if audit.knows_something else "Look wrong, by chance",
            f"{len(audit.findings):,} ({len(audit.findings) / max(checked, 1):.1%})",
        ),
        ("Estimated wrong in all", f"{audit.expected_errors:,.0f} ({audit.expected_errors / max(checked, 1):.1%})"),
        ("Accuracy, unseen", f"{audit.accuracy:.0%}, by chance {audit.chance:.0%}"),
        ("Classes", str(len(audit.predictions.classes))),
    ]


def _card(finding: Finding, dataset: Dataset, item: Item) -> dict[str, Any]:
    why = f"closeup's audit: {finding.label} {finding.p_label:.3f}, {finding.suggestion} {finding.p_suggestion:.3f}"
    return {
        "finding": finding,
        "picture": _picture(dataset, item, PICTURE_PX),
        "p_label": percent(finding.p_label),
        "p_suggestion": percent(finding.p_suggestion),
        "why": why,
    }


def _picture(dataset: Dataset, item: Item, most_px: int) -> str:
    """A picture as a data: URI, at most so many pixels a side; "" where it cannot be read any more."""
    try:
        image = decode_image(dataset.read_bytes(item), item.path)
    except InputError:
        return ""
    return data_uri(encode_jpeg(shrunk(image, most_px), 82))


def _joint(audit: Audit) -> list[tuple[str, list[tuple[str, str]]]]:
    """Rows of the table of labels against true classes: each cell its text and how it is marked."""
    rows = []
    for place, name in enumerate(audit.predictions.classes):
        cells = []
        for other, count in enumerate(audit.joint[place]):
            share = count / max(audit.joint[place].sum(), 1)
            mark = "own" if other == place else "much" if share >= 0.05 else "some" if share >= 0.01 else "little"
            cells.append((f"{count:,.0f}", mark))
        rows.append((name, cells))
    return rows
