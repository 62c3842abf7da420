"""What annotators are called in a dataset: one name each, whatever a file calls them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, RootModel

from eval.data.dataset import NAME, NAME_CHARACTERS
from intent.model.datafile import read_data

FILE = "annotators.yaml"
"""Lies beside a dataset where its annotators have names of their own choice."""

MAIL = "@annotators.invalid"
"""Label Studio knows annotators by address; these lead nowhere, and stand for the name alone."""


class _File(RootModel[dict[str | int, Annotated[str, Field(pattern=NAME)]]]):
    """A name for each address, number or other name that a file may hold."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who gave the labels of a file, and by which guideline, where the file itself does not say.

    Attributes:
        by: the annotator of the whole file; None where the file tells annotators apart.
        guideline: version of the guideline, from 1.
        names: names of people's own choice, by what files call them, in small letters.
    """

    by: str | None = None
    guideline: int = 1
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, *identities: Any) -> str:
        """Return what somebody is called.

        Args:
            identities: what a file says of them, the best first: an address, a number, a name.

        Raises:
            ValueError: it says nothing.
        """
        said = [self.by] if self.by else [one for one in identities if one not in {None, ""}]
        chosen = [self.names[key] for key in map(_key, said) if key in self.names]
        found = [*chosen, *(_called(one) for one in said)]
        if not found or not found[0]:
            raise ValueError("says not who labelled it; give --by NAME")
        return found[0]

    def version(self, said: Any) -> int:
        """Return the version of the guideline that a file names.

        Raises:
            ValueError: it is none.
        """
        text = str(said if said is not None else "").strip()
        if not text:
            return self.guideline
        # Spreadsheets make 1.0 of 1.
        whole = re.fullmatch(r"([0-9]+)(?:[.,]0*)?", text)
        if whole is None or int(whole[1]) < 1:
            raise ValueError(f"the guideline {text!r} is no version number")
        return int(whole[1])


def load_names(path: Path) -> dict[str, str]:
    """Read names of people's own choice: ``anna.lee@shop.example: anna``, one a line; numbers and
    other names may stand on the left, too.

    Raises:
        TemplateError: the file cannot be read, or a name has other signs than letters, digits and
            ``_ . + -``.
    """
    return {_key(said): name for said, name in read_data(_File, path).root.items()}


def _key(said: Any) -> str:
    return str(said).strip().casefold()


def _called(said: Any) -> str:
    if isinstance(said, int):
        return f"annotator-{said}"
    local, at, domain = _key(said).removesuffix(MAIL).partition("@")
    # The info@ of two shops are two people; the address itself is nobody's business.
    told_apart = f"-{hashlib.sha256(domain.encode()).hexdigest()[:6]}" if at else ""
    plain = re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", local)).strip("-")
    return plain[: NAME_CHARACTERS - len(told_apart)] + told_apart if plain else ""
