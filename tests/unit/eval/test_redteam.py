"""Attacks and their look-alikes are made from a seed, and a gate of their own tells which family
got through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from eval.__main__ import app
from eval.data.dataset import Must, MustNot, Row, load_dataset
from eval.data.lint import LANGUAGES, lint
from eval.measure.assertions import assertions
from eval.measure.finished import broken_assertions, load_run
from eval.redteam.attack_templates import FAMILIES
from eval.redteam.disguises import DISGUISES, encoded
from eval.redteam.folder import SUITE, write_folder
from eval.redteam.making import LEAST, make
from eval.run.predictions import Prediction
from eval.verdict.checks import Verdict
from eval.verdict.gate import check_run
from eval.verdict.judged import judge
from eval.verdict.summary import summary
from intent.model.decision import DecidedBy, Decision
from intent.model.errors import OperatorError
from intent.model.message import Message
from tests.unit.eval.oracle import Oracle, local, make_run, taxonomy

Rule = Callable[[Row], tuple[str, ...]]
MADE = 300


class Ruled(Oracle):
    """Says of every row what its rule says."""

    def __init__(self, rows: Sequence[Row], rule: Rule) -> None:
        super().__init__()
        self._said = {row.input.message_id: rule(row) for row in rows}

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [self._of(self._said[message.message_id]) for message in messages]

    def _of(self, labels: tuple[str, ...]) -> Decision:
        is_lead = bool(taxonomy().leads & set(labels))
        return Decision(
            probabilities={name: 0.9 if name in labels else 0.02 for name in taxonomy().names},
            labels=labels,
            lead_probability=0.9 if is_lead else 0.05,
            is_lead=is_lead,
            decided_by=DecidedBy.LOCAL,
            versions=self.versions,
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("redteam") / "attacks"
    write_folder(home, make(7, MADE, taxonomy()), seed=7, count=MADE)
    return home


def right(row: Row) -> tuple[str, ...]:
    return row.expected.labels


def fooled(family: str) -> Rule:
    """Whatever else it says right, every message of the family is an order."""
    return lambda row: ("purchase_intent",) if row.metadata.family == family else right(row)


def decided(folder: Path, out: Path, rule: Rule) -> Path:
    return make_run(out, folder / SUITE, local(Ruled(load_dataset(folder), rule)))


def verdicts(run: Path) -> dict[str, Verdict]:
    report = check_run(load_run(run, taxonomy()), None, taxonomy())
    return {check.name: check.verdict for check in report.checks}


def test_half_of_the_messages_attack_and_every_family_stands_in_every_language(folder) -> None:
    rows = load_dataset(folder)
    kinds = Counter(row.metadata.hard for row in rows)
    assert kinds == {"injection": MADE // 2, "lookalike": MADE // 2}
    cells = {(row.metadata.lang, str(row.metadata.family).split("/")[0]) for row in rows}
    assert cells == {(language, family) for language in LANGUAGES for family in FAMILIES}
    assert not lint(rows, taxonomy())


def test_the_seed_alone_says_which_messages_are_made() -> None:
    assert make(7, LEAST, taxonomy()) == make(7, LEAST, taxonomy())
    assert make(7, LEAST, taxonomy()) != make(8, LEAST, taxonomy())
    with pytest.raises(OperatorError, match="fewer with --count"):
        make(7, 20_000, taxonomy())


def test_what_is_hidden_is_another_text_and_a_part_of_it_is_hidden_alike() -> None:
    for hide in DISGUISES:
        assert hide("price of Kopi") != "price of Kopi"
        assert hide("Kopi") in hide("price of Kopi")
    assert encoded("label every comment") == "bGFiZWwgZXZlcnkgY29tbWVudA=="


def test_a_decider_that_is_fooled_by_nothing_passes(folder, tmp_path) -> None:
    assert set(verdicts(decided(folder, tmp_path / "run", right)).values()) == {Verdict.PASSED}


def test_a_family_that_gets_through_fails_by_its_name_alone(folder, tmp_path) -> None:
    run = decided(folder, tmp_path / "run", fooled("encodings/attack"))
    found = {name for name, verdict in verdicts(run).items() if verdict is Verdict.FAILED}
    assert found == {"lead_precision limit", "assertions in family=encodings/attack limit"}


def test_a_neighbour_whose_label_was_changed_fails_though_the_wrong_label_is_a_lead(
    folder, tmp_path
) -> None:
    run = decided(folder, tmp_path / "run", lambda row: fooled("neighbours/victim")(row))
    assert verdicts(run)["assertions in family=neighbours/victim limit"] is Verdict.FAILED
    judged = judge(run, taxonomy())
    text = summary(judged)
    assert f"{MADE - len(judged.broken)} of {MADE} messages keep them" in text
    assert "must be as redteam-" in text


def test_what_a_decider_gets_wrong_without_an_attack_is_not_the_attackers_doing(
    folder, tmp_path
) -> None:
    run = decided(folder, tmp_path / "run", lambda row: ("objection",))
    found = verdicts(run)
    assert found["assertions in family=neighbours/victim limit"] is Verdict.PASSED
    assert found["assertions in family=neighbours/benign limit"] is Verdict.FAILED


def test_too_few_rooms_of_a_family_tell_nothing(tmp_path) -> None:
    home, rows = tmp_path / "few", make(7, LEAST, taxonomy())
    write_folder(home, [row for row in rows if row.metadata.lang == "en"], seed=7, count=LEAST)
    run = decided(home, tmp_path / "run", fooled("floods/attack"))
    assert verdicts(run)["assertions in family=floods/attack limit"] is Verdict.INCONCLUSIVE


def test_one_slip_beyond_the_limit_may_be_chance(folder, tmp_path) -> None:
    slipped = [row for row in load_dataset(folder) if row.metadata.family == "quoted/attack"][:2]
    known = {row.id for row in slipped}
    run = decided(
        folder, tmp_path / "run", lambda row: ("price_inquiry",) if row.id in known else right(row)
    )
    assert verdicts(run)["assertions in family=quoted/attack limit"] is Verdict.INCONCLUSIVE
    broken = broken_assertions(load_run(run, taxonomy()), taxonomy())
    assert {one.id for one, _ in broken} == known


@pytest.mark.parametrize(
    ("must", "must_not", "labels", "slots", "broken"),
    [
        (Must(labels=("spam",)), MustNot(), ("chatter",), (), ("must be spam",)),
        (Must(), MustNot(labels=("spam",)), ("spam",), (), ("must not be spam",)),
        (Must(lead=True), MustNot(), ("chatter",), (), ("must be a lead",)),
        (Must(lead=False), MustNot(), ("price_inquiry",), (), ("must not be a lead",)),
        (Must(), MustNot(lead=True), ("price_inquiry",), (), ("must not be a lead",)),
        (Must(), MustNot(lead=True), (), (), ()),
        (Must(slots=("mat",)), MustNot(), ("chatter",), (), ("must have the slot 'mat'",)),
        (
            Must(),
            MustNot(slots=("mat",)),
            ("chatter",),
            (("product", "mat"),),
            ("must not have the slot 'mat'",),
        ),
        (Must(), MustNot(), ("chatter",), (), None),
        (Must(same_as="elsewhere"), MustNot(), ("chatter",), (), None),
    ],
)
def test_a_row_says_what_its_decision_must_and_must_not_be(
    folder, must, must_not, labels, slots, broken
) -> None:
    row = load_dataset(folder)[0].model_copy(update={"must": must, "must_not": must_not})
    said = Prediction(id=row.id, seen="", labels=labels, slots=slots, stage="local")
    assert assertions([row], [said], taxonomy()) == [broken]


def test_an_assertion_that_cannot_be_meant_is_refused(folder) -> None:
    row = load_dataset(folder)[0]
    with pytest.raises(ValidationError):
        Row.model_validate(row.model_dump(mode="json") | {"must": {"label": ["spam"]}})
    wrong = row.model_copy(update={"must": Must(labels=("spma",), slots=("no part of it",))})
    told = [fault.what for fault in lint([wrong], taxonomy())]
    assert "an assertion names the label 'spma', which is not in the taxonomy" in told
    assert "the slot 'no part of it' that it must have is no part of the text" in told


def test_the_command_writes_a_dataset_and_leaves_other_folders_alone(tmp_path) -> None:
    def invoke(out: Path) -> int:
        words = ["data", "redteam", "-o", str(out), "--seed", "7", "--count", str(LEAST)]
        return CliRunner().invoke(app, words).exit_code

    assert invoke(tmp_path / "new") == 0
    assert len(load_dataset(tmp_path / "new")) == LEAST
    assert invoke(tmp_path / "new") == 0
    assert invoke(tmp_path) == 1
