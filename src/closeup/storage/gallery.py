"""The gallery: people known by face, kept in SQLite or PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from closeup.algorithms.clustering.nearest import nearest_rows
from closeup.core.errors import InputError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray
from closeup.documents.gallery import IdentityRecord
from closeup.storage import erasure, reading, writing
from closeup.storage.database import Database, open_database
from closeup.storage.hnsw import nearest_by_index
from closeup.storage.matrix import MatrixCache
from closeup.storage.names import clean_name, clean_note
from closeup.storage.records import (
    Neighbours,
    NewTemplate,
    TemplateMatrix,
    TemplateRecord,
    check_template,
    check_vectors,
)
from closeup.storage.upgrade import bring_up_to_date

WAIT_S = 30.0
"""How long to wait for other processes that hold the database, where nothing else is said."""

Search = Literal["exact", "hnsw"]


def open_gallery(url: str | None = None, settings: Settings | None = None, *, wait_s: float = WAIT_S) -> "GalleryStore":
    """Open the gallery, and make it or bring its tables up to date where that is needed.

    An SQLite file that may not be written is opened all the same, and logged as a warning: what reads works, and what
    would change it raises `StorageError`.

    Args:
        url: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; None for what the settings say, which is
            gallery.db in the platform's data folder where they say nothing.
        settings: None reads them from the environment.
        wait_s: How long to wait for other processes that hold the database.

    Raises:
        InputError: The URL names no database that closeup can use.
        DependencyError: PostgreSQL is named, and a package for it is not installed.
        StorageError: The database is locked, unreachable, damaged, not ours, or of a newer closeup; or PostgreSQL
            lacks the extension `vector`.
    """
    if url is None:
        url = (settings or read_settings()).database_url
    database = open_database(url, wait_s)
    try:
        bring_up_to_date(database)
        if not database.read_only:
            erasure.scrub_if_possible(database)
    except BaseException:
        database.engine.dispose()
        raise
    return GalleryStore(database)


class GalleryStore:
    """An open gallery. Threads may share it; a process that is forked has to open its own.

    Every change is one transaction: it is stored whole or not at all, and is seen by all processes after it. Every
    method raises `StorageError` where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache = MatrixCache(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    @property
    def place(self) -> str:
        """Where it is, for people: a file, or an address without user and password."""
        return self._database.place

    def close(self) -> None:
        """Let go of the database and of what is in memory."""
        self._cache.forget()
        self._database.engine.dispose()

    def enrol(
        self,
        name: str,
        templates: Sequence[NewTemplate],
        *,
        consent: str | None = None,
        retain_until: date | None = None,
    ) -> IdentityRecord:
        """Add templates to the identity of that name, or make it, all at once.

        A picture (`source`) that the identity has a template of by the same model adds nothing, so that enrolling
        can be repeated. `consent` and `retain_until` replace what was noted where they are given.

        Raises:
            InputError: The name, the note or a template cannot be stored; or nobody is called that yet and there is
                no template.
        """
        cleaned, note = clean_name(name), None if consent is None else clean_note(consent)
        for template in templates:
            check_template(template)
        with self._database.write() as connection:
            return writing.enrol(connection, cleaned, templates, note, retain_until)

    def identities(self) -> tuple[IdentityRecord, ...]:
        """Everybody, by name."""
        with self._database.read() as connection:
            return reading.all_identities(connection)

    def find(self, name_or_id: str) -> IdentityRecord:
        """Somebody by name, in which upper and lower case do not matter, or by id.

        Raises:
            InputError: There is nobody of that name or id; the hint names those with a name like it.
        """
        with self._database.read() as connection:
            return reading.find(connection, name_or_id)

    def templates_of(self, identity_id: str) -> tuple[TemplateRecord, ...]:
        """All templates of an identity, oldest first, with the pictures that are kept.

        Raises:
            InputError: There is nobody with that id.
        """
        with self._database.read() as connection:
            reading.identity(connection, identity_id)
            return reading.templates_of(connection, identity_id)

    def vouched(self) -> frozenset[int]:
        """Ids of the templates that somebody has vouched for (`NewTemplate.vouched`)."""
        with self._database.read() as connection:
            return reading.vouched_templates(connection)

    def models(self) -> tuple[str, ...]:
        """Names of the models that there are templates of, in alphabetical order."""
        with self._database.read() as connection:
            return reading.model_names(connection)

    def export(self, identity_id: str) -> dict[str, Any]:
        """All that is stored about somebody, as plain JSON values; pictures as base64.

        Raises:
            InputError: There is nobody with that id.
        """
        with self._database.read() as connection:
            return reading.export(connection, identity_id)

    def rename(self, identity_id: str, name: str) -> IdentityRecord:
        """Give somebody another name; no trace of the old one is left.

        Raises:
            InputError: There is nobody with that id, the name cannot be stored, or somebody else has it.
        """
        cleaned = clean_name(name)
        with self._database.write(removing=True) as connection:
            record = writing.rename(connection, identity_id, cleaned)
        erasure.scrub(self._database)
        return record

    def merge(self, into_id: str, from_id: str) -> IdentityRecord:
        """Give all templates of `from_id` to `into_id`, which keeps its name, and remove the other.

        Of two last days the earlier one holds from then on. Pictures that both have are kept once.

        Raises:
            InputError: One of them is not there, or both are the same.
        """
        with self._database.write(removing=True) as connection:
            record = writing.merge(connection, into_id, from_id)
        erasure.scrub(self._database)
        return record

    def delete(self, identity_id: str) -> IdentityRecord:
        """Remove every trace of somebody; gives what they were. See docs/concepts/gallery-storage.md for the limits.

        Raises:
            InputError: There is nobody with that id.
            StorageError: Also where the rows are deleted but others keep the bytes from being removed.
        """
        with self._database.write(removing=True) as connection:
            record = reading.identity(connection, identity_id)
            writing.remove(connection, [identity_id])
        erasure.scrub(self._database)
        return record

    def remove(self, identity_id: str, template_ids: Collection[int]) -> IdentityRecord:
        """Remove every trace of some faces of somebody; gives what is left of them. `delete` has the limits.

        A face goes as a whole: with a template go those that other models made of the same picture, and the picture.

        Args:
            identity_id: Whose.
            template_ids: One or more of theirs.

        Raises:
            InputError: There is nobody with that id, a template is not theirs, or no face would be left.
            StorageError: Also where the rows are deleted but others keep the bytes from being removed.
        """
        with self._database.write(removing=True) as connection:
            record = writing.remove_faces(connection, identity_id, template_ids)
        erasure.scrub(self._database)
        return record

    def purge(self, today: date) -> tuple[IdentityRecord, ...]:
        """Delete everybody whose last day (`retain_until`) lies before `today`; gives who they were.

        Raises:
            StorageError: Also where the rows are deleted but others keep the bytes from being removed.
        """
        with self._database.read() as connection:
            nobody = not writing.expired(connection, today)
        if nobody:  # no reason for everybody to read anew, nor to rewrite the file
            if erasure.is_pending(self._database):
                erasure.scrub(self._database)
            return ()
        with self._database.write(removing=True) as connection:
            gone = tuple(reading.identity(connection, number) for number in writing.expired(connection, today))
            writing.remove(connection, [record.id for record in gone])
        erasure.scrub(self._database)
        return gone

    def matrix(self, model: str) -> TemplateMatrix:
        """All templates of a model, arrays (N,), (N,) and (N, D); kept in memory and renewed when anybody writes."""
        return self._cache.matrix(model)

    def nearest(self, model: str, vectors: FloatArray, k: int, *, search: Search = "exact") -> Neighbours:
        """For each query the templates of a model that are most like it.

        Args:
            model: Name of the embedder's card; templates of other models are not looked at.
            vectors: Shape (Q, D), float32, each row of length 1.
            k: How many, from 1 up.
            search: "exact" compares with every template, in memory; "hnsw" asks pgvector's approximate index, in
                PostgreSQL only, and builds it where it is not there yet.

        Returns:
            Arrays (Q, K), K the smaller of `k` and the number of templates.

        Raises:
            InputError: The vectors are not that, or not of the model's length; or `search` is not possible here.
        """
        queries = check_vectors(np.asarray(vectors), "The vectors to look for")
        if k < 1:
            raise InputError(f"As many as {k} neighbours cannot be found.", "Ask for 1 or more.")
        if search == "hnsw":
            return nearest_by_index(self._database, model, queries, k)
        matrix = self.matrix(model)
        if len(matrix.vectors) and matrix.vectors.shape[1] != queries.shape[1]:
            raise InputError(
                f"A vector of {model} has {matrix.vectors.shape[1]} values, and what is looked for {queries.shape[1]}."
            )
        rows, similarities = nearest_rows(matrix.vectors, queries, k)
        return Neighbours(matrix.template_ids[rows], matrix.identity_ids[rows], similarities)
