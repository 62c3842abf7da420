"""What a judge said of a run, in the run's folder: who it was, how far it agrees with people, and
every answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.judge.judge_agreement import JudgeAgreement
from eval.judge.judge_reply import JudgeAnswer
from eval.run.predictions import replace
from intent.model.errors import OperatorError

RECORD = "judge.json"


class JudgeRecord(BaseModel):
    """One judge and its answers.

    Attributes:
        prompt: hash of the judge's prompt.
        measured_on: hash of the labelled examples.
        agreement: with people; None where it was not measured.
        answers: by the digest of their cases.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    prompt: str
    server: str
    measured_on: str = ""
    agreement: JudgeAgreement | None = None
    answers: Mapping[str, JudgeAnswer] = {}

    def why_not(self, least: float) -> str:
        """Return why its answers do not count; nothing where they do.

        Args:
            least: that the lower end of kappa's interval must reach.
        """
        if self.agreement is None:
            return "its agreement with people was not measured"
        low = self.agreement.low
        if low is None:
            return self.agreement.words
        if low < least:
            return f"kappa may be as low as {low:.2f}, it must be at least {least:.2f}"
        return ""


def write_record(folder: Path, record: JudgeRecord) -> None:
    """Write what a judge said into a run's folder, whole or not at all."""
    replace(folder / RECORD, (record.model_dump_json(indent=1) + "\n").encode())


def read_record(folder: Path) -> JudgeRecord | None:
    """Return what a judge said of a run, or None where none was asked.

    Raises:
        OperatorError: the file cannot be read.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        return JudgeRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise OperatorError(
            f"{path} cannot be read: {error}; ask the judge again with: python -m eval judge "
            f"{folder}"
        ) from error
