"""`closeup data audit`: find labels that are probably wrong, and write down those that are."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from closeup.cli.data_options import (
    Corrections,
    GroupColumn,
    PathColumn,
    Where,
    columns_and_values,
    tell_notes,
)
from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import AsJson, NoProgress, with_flags
from closeup.cli.output import one_line, show_hint, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback
from closeup.workbench.options import ProbeOptions

if TYPE_CHECKING:
    from closeup.workbench.audit.find import Audit
    from closeup.workbench.audit.predictions import Predictions
    from closeup.workbench.datasets.items import Dataset

app = typer.Typer()

LISTED = 10
"""Findings that are printed; the page and the table have the others."""

Method = Literal["both", "class", "noise_rate"]


@app.command("audit")
@with_flags(ProbeOptions, leave_out=("rounds", "input_px"))
def audit_command(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A folder, CSV or zip file; with --accept the folder of an audit.")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to make.")] = None,
    field: Annotated[str, typer.Option(metavar="NAME", help="The label to audit.", show_default="the only one")] = "",
    probabilities: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take these, out of fold: CSV of key,label,p_CLASS...")
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Ask a model: a run (its training data left out), a file, a name.")
    ] = "",
    method: Annotated[
        Method, typer.Option(help="both finds fewer and surer ones than class or noise_rate alone.")
    ] = "both",
    *,
    given: dict[str, Any],
    input_px: Annotated[int, typer.Option(min=32, max=512, metavar="PX", help="Side of the pictures.")] = 128,
    accept: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Write these findings down as corrections: 1,5-9,12=LABEL")
    ] = "",
    who: Annotated[str, typer.Option(metavar="NAME", help="With --accept: who has looked at them.")] = "",
    whole_groups: Annotated[
        bool, typer.Option("--whole-groups", help="With --accept: correct all pictures of a finding's group.")
    ] = False,
    path_column: PathColumn = "path",
    group_column: GroupColumn = "",
    where: Where = None,
    corrections: Corrections = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an older audit.")] = False,
    as_json: AsJson = False,
    quiet: NoProgress = False,
) -> None:
    """Find labels that are probably wrong; look at them on a page; accept those that are.

    Each picture is predicted from what was learnt from the others. DIR/report.html shows what was found; `closeup data
    audit DIR --accept 1,5-9 --who NAME` writes it to a corrections file, which is applied whenever the data is read.
    The data itself stays as it is.
    """
    if accept:
        _accept(data, accept, who, whole_groups=whole_groups, corrections=corrections, as_json=as_json)
        return
    if output is None:
        raise InputError("There is no place for the result.", "Name a folder to make: -o DIR")
    if model and probabilities:
        raise InputError("--model and --probabilities both say where probabilities come from.", "Give one of them.")
    from closeup.workbench.audit.find import find_label_errors
    from closeup.workbench.audit.folder import check_replaceable, write_audit

    check_replaceable(output, overwrite=overwrite)
    dataset = _opened(data, field, where, path=path_column, group=group_column, corrections=corrections)
    probe = ProbeOptions(**given, input_px=input_px)
    with progress_bar(dataset.name, quiet=quiet) as progress:
        predictions = _predictions(
            dataset, field or _only_field(dataset), probabilities, model=model, probe=probe, progress=progress
        )
        audit = find_label_errors(dataset, predictions, method)
        write_audit(output, audit, dataset, base=Path(), overwrite=overwrite, progress=progress)
    _tell(audit, output, as_json=as_json)


def _opened(
    data: Path, field: str, where: list[str] | None, *, path: str, group: str, corrections: Path | None
) -> "Dataset":
    from closeup.workbench.datasets.reading import open_one

    dataset = open_one(
        data,
        path_column=path,
        group_column=group,
        where=columns_and_values(where),
        corrections=str(corrections or ""),
        fields={field: field} if field else {},
    )
    tell_notes(dataset)
    return dataset


def _only_field(dataset: "Dataset") -> str:
    """The only field that has classes."""
    names = [known.name for known in dataset.fields if known.kind == "classes" and len(known.classes) > 1]
    if len(names) != 1:
        what = f"several label fields: {', '.join(names)}" if names else "no label field with classes"
        raise InputError(f"{dataset.name} has {what}.", "Name the one to audit: --field NAME")
    return names[0]


def _predictions(
    dataset: "Dataset",
    field: str,
    table: Path | None,
    *,
    model: str,
    probe: ProbeOptions,
    progress: ProgressCallback,
) -> "Predictions":
    """From a table, by a model, or learnt from the pictures' other parts."""
    from closeup.workbench.audit import predictions

    if table is not None:
        return predictions.predictions_from_table(dataset, field, table)
    if model:
        from closeup.workbench.models import resolve_model

        return predictions.predictions_from_model(dataset, field, resolve_model(model), progress)
    return predictions.predictions_from_pictures(dataset, field, probe, progress)


def _tell(audit: "Audit", output: Path, *, as_json: bool) -> None:
    count_losses(len(audit.predictions.unreadable))
    if as_json:
        from closeup.workbench.audit.folder import SUMMARY, audit_summary

        show_json(SUMMARY.to_data(audit_summary(audit, output)), indent=None)
        return
    checked = len(audit.predictions.kept)
    for note in audit.notes:
        show_note(note)
    for key, reason in audit.predictions.unreadable[:LISTED]:
        show_note(f"{key}: {reason}")
    if len(audit.predictions.unreadable) > LISTED:
        show_note(f"{len(audit.predictions.unreadable):,} pictures cannot be read; audit.json has all of them.")
    if audit.findings:
        rows = [
            (str(f.number), f.path, f.label, f"{f.p_label:.3f}", f.suggestion, f"{f.p_suggestion:.3f}")
            for f in audit.findings[:LISTED]
        ]
        show_table(*rows, head=("#", "picture", "label", "p", "looks like", "p"))
    typer.echo(f"The classifier: {audit.reliability}")
    found = f"{one_line(audit.data)}: {len(audit.findings):,} of {checked:,} labels"
    if audit.knows_something:
        typer.echo(f"{found} are probably wrong (about {audit.expected_errors:,.0f} are in all, by estimate).")
    else:
        typer.echo(f"{found} look wrong to it, which says nothing of them.")
    typer.echo(f"Look at them: {output / 'report.html'}")
    if audit.findings:
        show_hint(f"Write down those that are wrong: closeup data audit {output} --accept 1,5-9 --who NAME")


def _accept(
    folder: Path, numbers: str, who: str, *, whole_groups: bool, corrections: Path | None, as_json: bool
) -> None:
    from closeup.workbench.audit.accept import ACCEPTED, accept_answer, accept_findings
    from closeup.workbench.audit.folder import read_audit

    done = accept_findings(
        read_audit(folder), numbers, who=who, when=date.today(), whole_groups=whole_groups, corrections=corrections
    )
    if as_json:
        show_json([ACCEPTED.to_data(accept_answer(each)) for each in done], indent=None)
        return
    for each in done:
        again = f"; {each.before:,} were there already" if each.before else ""
        typer.echo(f"{each.file}: {len(each.added):,} lines added, {each.pictures:,} labels corrected{again}.")
        if each.is_new:
            show_hint(f'To have them applied: corrections = "{each.file}" in [[data]], or --corrections {each.file}')
