"""The verb of ``python -m eval data`` that makes attacks: redteam."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from eval.redteam.folder import SUITE, write_folder
from eval.redteam.making import LEAST, make
from eval.run.request import SEED
from intent.bootstrap.application import open_application
from intent.cli.screen import people


def redteam(
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for dataset and suite")],
    seed: Annotated[int, typer.Option(help="the same seed makes the same messages")] = SEED,
    count: Annotated[int, typer.Option(min=LEAST, help="how many messages; half are attacks")] = (
        300
    ),
) -> None:
    """Make attacks on whoever reads the comments, and benign look-alikes, in six languages, as a
    dataset with a suite of its own.

    Example: python -m eval data redteam -o mine/redteam --seed 7 --count 300
    """
    rows = make(seed, count, open_application().taxonomy)
    write_folder(output, rows, seed=seed, count=count)
    parts = Counter(str(row.metadata.family).partition("/")[2] for row in rows)
    people().print(
        f"{len(rows)} messages lie in {output}: {parts['attack']} attacks, {parts['benign']} "
        f"look-alikes, {parts['victim']} of these once more beside attacks",
        markup=False,
        soft_wrap=True,
    )
    people().print(
        f"go on with: python -m eval gate --suite {output / SUITE}", markup=False, soft_wrap=True
    )
