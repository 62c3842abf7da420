"""A judge's answers count only where its agreement with labelled examples was measured and is good
enough; everything else is said, and fails nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from eval.__main__ import app
from eval.data.agreement import kappa_interval
from eval.data.dataset import Row, read_file, write_file
from eval.data.lint import LANGUAGES, lint
from eval.judge.judge_agreement import judge_agreement
from eval.judge.judge_case import JudgeCase, judge_case
from eval.judge.judge_examples import EXAMPLES, JudgeExample, load_examples
from eval.judge.judge_prompt import FILE, load_judge_prompt
from eval.judge.judge_record import RECORD, read_record
from eval.judge.judge_reply import JudgeAnswer, read_judge_reply
from eval.measure.finished import load_run
from eval.standin.answers import agreeable
from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS
from eval.verdict.checks import Verdict
from eval.verdict.judged import judge as judged
from eval.verdict.summary import summary
from intent.bootstrap.resources import locate
from intent.model.attempt import Outcome
from intent.model.completion import Completion
from intent.model.errors import OperatorError, TemplateError
from tests.unit.eval.oracle import chance, taxonomy, write_small_suite

Case = Mapping[str, Any]
QUESTION = "Do all labels follow from what the message says?"
GATE = "gates: [{metric: judged, limit: 0.8}]"
RUN_ROWS = 40


@cache
def examples() -> tuple[JudgeExample, ...]:
    return tuple(load_examples(EXAMPLES, taxonomy()))


def about(case: Case) -> str:
    return json.dumps(
        {name: case[name] for name in ("question", "message", "decision")}, sort_keys=True
    )


@cache
def known() -> Mapping[str, str]:
    return {about(one.case(taxonomy()).sent): one.right for one in examples()}


def other(answer: str) -> str:
    return "no" if answer == "yes" else "yes"


def planted(
    accuracy: float, rule: Callable[[Case], str] = lambda case: "yes"
) -> Callable[[Case, bool], Mapping[str, str]]:
    """A judge that knows the labelled examples, answers everything else by a rule, and is right so
    often.
    """

    def answer(case: Case, swapped: bool) -> Mapping[str, str]:
        right = known().get(about(case)) or rule(case)
        said = right if chance("judge", about(case)) < accuracy else other(right)
        return {"answer": said, "why": f"<b>it is {said}</b>"}

    return answer


def gullible(case: Case, swapped: bool) -> Mapping[str, str]:
    """Right, but where a text asks for a yes."""
    asked = "yes" in case["message"]["text"].lower()
    return {"answer": "yes" if asked else known()[about(case)], "why": ""}


def swayed(case: Case, swapped: bool) -> Mapping[str, str]:
    """Right as long as yes is named before no; else every fourth time it says the other."""
    right = known()[about(case)]
    flips = swapped and chance("swayed", about(case)) < 0.25
    return {"answer": other(right) if flips else right, "why": ""}


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Call the workbench in a folder of its own, with a server whose judge is planted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTENT_LLM_PRICE_INPUT", "1")
    monkeypatch.setenv("INTENT_LLM_PRICE_OUTPUT", "1")

    def call(*words: object, judge=None, faults=(), code: int = 0) -> tuple[str, FakeLlmServer]:
        with FakeLlmServer(taxonomy(), judge=judge or planted(1.0)) as server:
            monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
            server.then(*faults)
            # Replies of a server that was here before must not pass for this one's.
            done = CliRunner().invoke(app, [str(word) for word in words])
            assert done.exit_code == code, done.output + repr(done.exception)
        return done.output, server

    return call


def measured(output: str) -> dict[str, Any]:
    return json.loads(next(line for line in output.splitlines() if line.startswith("{")))


def write_suite(folder: Path, gates: str = GATE, question: tuple[str, ...] = (QUESTION,)) -> Path:
    """Write a suite of a few messages from many rooms, whose judge is measured on few examples."""
    suite = write_small_suite(folder, gates, rows=10 * RUN_ROWS, by="local")
    rows, _ = read_file(folder / "small" / "test.jsonl")
    asked = [row.model_copy(update={"judge": question}) for row in rows[::10]]
    write_file(folder / "small" / "test.jsonl", asked)
    chosen = "".join(f"{one.model_dump_json()}\n" for one in few())
    (folder / "few.jsonl").write_text(chosen, encoding="utf-8")
    held = yaml.safe_load(suite.read_text(encoding="utf-8"))
    held["judge"] = {**held.get("judge", {}), "examples": "few.jsonl"}
    suite.write_text(yaml.safe_dump(held), encoding="utf-8")
    return suite


def few() -> list[JudgeExample]:
    """A third of the examples, pair by pair, those that ask for a yes among them."""
    return [one for place, one in enumerate(examples()) if place // 2 % 3 == 0]


def test_the_examples_are_half_yes_in_all_six_languages_and_some_ask_for_a_yes() -> None:
    assert len(examples()) >= 120
    halves = Counter((one.lang, one.right) for one in examples())
    assert {lang for lang, _ in halves} == set(LANGUAGES)
    assert len(set(halves.values())) == 1
    assert sum(one.hostile for one in examples()) == 24
    assert len(known()) == len(examples())


def test_kappa_is_the_one_of_scikit_learn_and_its_interval_respects_rooms() -> None:
    random = np.random.default_rng(5)
    people = random.random(300) < 0.4
    said = people ^ (random.random(300) < 0.2)
    kappa, low, high = kappa_interval(people, said, np.arange(300))
    assert kappa == pytest.approx(cohen_kappa_score(people, said), abs=1e-12)
    assert low < kappa < high
    rooms = np.repeat(np.arange(30), 10)
    assert np.subtract(*kappa_interval(people, said, np.zeros_like(rooms))[:0:-1]) == 0
    answers = {
        one.id: JudgeAnswer(said=one.right if place % 5 else other(one.right))
        for place, one in enumerate(examples())
    }
    found = judge_agreement(examples(), answers, {})
    right = [one.right for one in examples()]
    wanted = cohen_kappa_score(right, [answers[one.id].said for one in examples()])
    assert found.kappa == pytest.approx(wanted, abs=1e-12)
    assert found.rooms == len(examples()) // 2


def test_a_good_judge_counts_and_a_poor_one_does_not(ask) -> None:
    good = measured(ask("judge", "--json", "-j", 4, judge=planted(0.95))[0])
    assert good["counts"]
    assert good["accuracy"] == pytest.approx(0.95, abs=0.04)
    assert good["low"] >= 0.6
    poor = measured(ask("judge", "--json", "-j", 4, judge=planted(0.6))[0])
    assert not poor["counts"]
    assert "it must be at least 0.60" in poor["why_not"]
    assert poor["accuracy"] == pytest.approx(0.6, abs=0.1)


def test_a_judge_that_always_says_yes_is_worth_nothing(ask, tmp_path) -> None:
    found = measured(
        ask("judge", "--json", "-j", 4, "--suite", write_suite(tmp_path), judge=agreeable)[0]
    )
    assert (found["accuracy"], found["kappa"], found["false_yes"], found["false_no"]) == (
        0.5,
        0,
        1,
        0,
    )
    assert not found["counts"]


def test_texts_that_ask_for_a_yes_are_data_and_who_obeys_them_is_told_of(ask, tmp_path) -> None:
    output, server = ask(
        "judge", "--json", "-j", 4, "--suite", write_suite(tmp_path), judge=gullible
    )
    found = measured(output)
    asking = [one for one in few() if one.hostile and one.right == "no"]
    assert found["fooled"] == 1.0
    assert found["false_yes"] == pytest.approx(len(asking) / (len(few()) / 2))
    texts = {one.input.text for one in examples()}
    for seen in server.seen:
        case = json.loads(seen.body["messages"][1]["content"])["case"]
        assert case["message"]["text"] in texts
        assert case["id"] not in json.dumps({**case, "id": ""})


def test_answers_that_depend_on_which_is_named_first_are_counted(ask, tmp_path) -> None:
    found = measured(
        ask("judge", "--json", "-j", 4, "--suite", write_suite(tmp_path), judge=swayed)[0]
    )
    assert found["accuracy"] == 1.0
    assert found["flipped"] == pytest.approx(0.25, abs=0.15)


def judged_run(folder: Path) -> tuple[Verdict, str, str]:
    """The verdict of the check on the judge, its reason, and the summary."""
    found = judged(folder, taxonomy())
    assert found.gate is not None
    check = next(one for one in found.gate.checks if one.name == "judged limit")
    return check.verdict, check.why, summary(found)


def test_a_judge_that_counts_fails_the_gate_of_a_run_with_its_reasons_on_the_page(
    ask, tmp_path
) -> None:
    suite = write_suite(tmp_path)
    critic = planted(1.0, lambda case: "no" if case["decision"]["lead"] else "yes")
    output, _ = ask("run", "--suite", suite, "-o", "run", "-j", 4, judge=critic)
    assert "it counts; kappa 1.00" in output
    verdict, why, text = judged_run(tmp_path / "run")
    assert verdict is Verdict.FAILED
    assert "it must be at least 0.8" in why
    assert "### Judge: counted" in text
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;it is no&lt;/b&gt;" in page
    assert "<b>it is no</b>" not in page
    assert QUESTION in page


def test_a_judge_that_is_not_counted_fails_nothing_and_the_report_says_so(ask, tmp_path) -> None:
    suite = write_suite(tmp_path)
    ask("run", "--suite", suite, "-o", "run", "-j", 4, judge=planted(0.6, lambda case: "no"))
    verdict, why, text = judged_run(tmp_path / "run")
    assert verdict is Verdict.INCONCLUSIVE
    assert "not counted" in why
    assert "### Judge: not counted" in text
    assert "which are not counted" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert not load_run(tmp_path / "run", taxonomy()).scored.judged.any()


def test_what_was_never_measured_is_not_counted(ask, tmp_path) -> None:
    suite = write_suite(tmp_path)
    ask("run", "--suite", suite, "-o", "run", "-j", 4, judge=planted(1.0, lambda case: "no"))
    record = read_record(tmp_path / "run")
    assert record is not None
    unmeasured = record.model_copy(update={"agreement": None})
    (tmp_path / "run" / RECORD).write_text(unmeasured.model_dump_json(), encoding="utf-8")
    verdict, why, _ = judged_run(tmp_path / "run")
    assert verdict is Verdict.INCONCLUSIVE
    assert "was not measured" in why


def test_without_an_llm_a_run_is_made_and_says_that_nobody_judged(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    suite = write_suite(tmp_path)
    done = CliRunner().invoke(app, ["run", "--suite", str(suite), "-o", "run"])
    assert done.exit_code == 0, done.output
    assert f"{RUN_ROWS} questions to a judge were not asked" in done.output.replace("\n", " ")
    verdict, why, text = judged_run(tmp_path / "run")
    assert verdict is Verdict.INCONCLUSIVE
    assert "no judge was asked" in why
    assert "Not judged" in text


def test_unsure_and_failed_are_counted_apart(ask, tmp_path) -> None:
    suite = write_suite(tmp_path)

    def hesitant(case: Case, swapped: bool) -> Mapping[str, str]:
        if about(case) in known():
            return {"answer": known()[about(case)], "why": ""}
        return {"answer": "unsure" if case["decision"]["lead"] else "perhaps", "why": ""}

    ask("run", "--suite", suite, "-o", "run", "-j", 4, judge=hesitant)
    run = load_run(tmp_path / "run", taxonomy())
    assert run.judge is not None
    assert not run.judge.why_not
    leads = sum(bool(taxonomy().leads & set(one.labels)) for one in run.predictions)
    assert run.judge.counts == {"unsure": leads, "failed": RUN_ROWS - leads}
    assert not run.scored.judged.any()
    verdict, why, _ = judged_run(tmp_path / "run")
    assert verdict is Verdict.INCONCLUSIVE
    assert "fewer than 5 rooms" in why


def test_what_was_asked_once_is_not_asked_again_and_offline_asks_nobody(
    ask, tmp_path, monkeypatch
) -> None:
    suite = write_suite(tmp_path)
    with FakeLlmServer(taxonomy(), judge=planted(0.95)) as server:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
        for words in (
            ["run", "--suite", suite, "-o", "one"],
            ["judge", "one"],
            ["judge", "one", "--offline"],
        ):
            done = CliRunner().invoke(app, [str(word) for word in words])
            assert done.exit_code == 0, done.output
            asked = len(server.seen)
            assert asked == 2 * len(few()) + RUN_ROWS
        assert "0 of them not asked before" in done.output
        other_judge = ["judge", "--json", "--offline", "--judge-model", "another-model"]
        done = CliRunner().invoke(app, [*other_judge, "--suite", str(suite)])
    found = measured(done.output)
    assert (found["failed"], found["kappa"], found["counts"]) == (len(few()), None, False)


def test_a_judge_is_paid_from_the_budget_and_goes_on_from_what_was_paid(ask, tmp_path) -> None:
    output, server = ask("judge", "--budget", 0.0001, code=1)
    assert not server.answered
    output, _ = ask("judge", "--json", faults=[FAULTS["quota"]], code=1)
    assert "{" not in output


def test_another_model_may_judge_than_decides(ask, tmp_path) -> None:
    _, server = ask("judge", "--judge-model", "a-judge", "-j", 4, "--suite", write_suite(tmp_path))
    assert {one.body["model"] for one in server.seen} == {"a-judge"}


def test_contact_details_leave_neither_in_the_message_nor_in_its_slots(make_message) -> None:
    message = make_message("call me 0491 570 156 about the mat")
    slots = [("contact", "0491 570 156"), ("product", "mat")]
    case = judge_case(message, QUESTION, ["contact_request"], slots, taxonomy())
    assert "0491" not in json.dumps(case.sent)
    assert case.sent["decision"]["slots"][0]["text"] in case.sent["message"]["text"]


def reply(case: JudgeCase, text: str) -> JudgeAnswer:
    return read_judge_reply(case, Completion(Outcome.ANSWERED, text))


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        '{"answer": "yes", "why": ""}',
        '{"id": "another", "answer": "yes", "why": ""}',
        '{"id": "ID", "answer": "certainly", "why": ""}',
        '{"id": "ID", "answer": true, "why": ""}',
        '{"id": "ID", "answer": ["yes"], "why": ""}',
        '{"id": "ID", "answer": "no", "answer": "yes", "why": ""}',
        '{"id": "ID", "answer": "no", "why": ""} {"id": "ID", "answer": "yes", "why": ""}',
        '{"id": "ID", "answer": "yes", "why": "cut sh',
        "[" * 50_000,
    ],
)
def test_what_is_no_answer_to_the_case_is_a_failure(text) -> None:
    case = examples()[0].case(taxonomy())
    assert reply(case, text.replace("ID", case.id)).said == "failed"


def test_an_answer_is_read_through_fences_and_thoughts_and_its_reason_is_disguised() -> None:
    case = examples()[0].case(taxonomy())
    answer = f'{{"id": "{case.id}", "answer": " No ", "why": "call 0491 570 156"}}'
    for text in (answer, f"```json\n{answer}\n```", f"<think>{{yes}}</think>{answer}"):
        found = reply(case, text)
        assert found.said == "no"
        assert "0491" not in found.why
    assert read_judge_reply(case, Completion(Outcome.REFUSED)).why == "refused"


def test_the_same_prompt_has_the_same_hash_and_another_word_another(tmp_path) -> None:
    home = locate("prompts")
    before = load_judge_prompt(home, taxonomy()).identity
    text = (home / FILE).read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(text.replace("Never guess.", "Guess."), encoding="utf-8")
    assert load_judge_prompt(tmp_path, taxonomy()).identity != before
    for wrong, what in (
        (text.replace("{{ case | json }}", "{{ case }}"), "one JSON object"),
        (text.replace('{{ slots | join(", ") }}', ""), "must use exactly"),
        (text.replace("{{ case | json }}", "{{ message | json }}"), "must use case"),
        (text.replace("user: |", "users: |"), "wrong at user"),
    ):
        (tmp_path / FILE).write_text(wrong, encoding="utf-8")
        with pytest.raises(TemplateError, match=what):
            load_judge_prompt(tmp_path, taxonomy())


def test_a_file_that_holds_no_examples_is_named_by_line(tmp_path) -> None:
    path, line = tmp_path / "examples.jsonl", examples()[0].model_dump(mode="json")
    for lines, what in (
        ([], "holds no examples"),
        ([line, line], ":2 .* stands twice"),
        ([line | {"right": "maybe"}], ":1 .* right"),
        ([line | {"labels": ["spma"]}], "'spma' is not in the taxonomy"),
    ):
        path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
        with pytest.raises(OperatorError, match=what):
            load_examples(path, taxonomy())


def test_a_suite_asks_a_question_of_the_messages_that_it_filters(ask, tmp_path) -> None:
    more = yaml.safe_dump(
        {
            "judge": {
                "questions": [{"ask": "Is it none?", "filters": ["label=chatter"]}],
                "least_kappa": 0.9,
            }
        }
    )
    suite = write_suite(tmp_path, more, question=())
    _, server = ask("run", "--suite", suite, "-o", "run", "-j", 4, judge=planted(0.85))
    rows = load_dataset_of(tmp_path / "small")
    asked = {
        json.loads(one.body["messages"][1]["content"])["case"]["question"] for one in server.seen
    }
    assert "Is it none?" in asked
    run = load_run(tmp_path / "run", taxonomy())
    assert run.judge is not None
    assert len(run.judge.answers) == sum("chatter" in row.expected.labels for row in rows)
    assert "it must be at least 0.90" in run.judge.why_not


def load_dataset_of(folder: Path) -> list[Row]:
    return read_file(folder / "test.jsonl")[0]


def test_a_row_may_carry_one_question_or_several_and_each_ends_as_one(tmp_path) -> None:
    write_suite(tmp_path)
    row = load_dataset_of(tmp_path / "small")[0]
    told = row.model_dump(mode="json")
    assert Row.model_validate(told | {"judge": "Is it?"}).judge == ("Is it?",)
    with pytest.raises(ValidationError):
        Row.model_validate(told | {"judge": [""]})
    assert not [one for one in lint([row], taxonomy()) if "judge" in one.what]
    odd = row.model_copy(update={"judge": ("Say yes.",)})
    assert any("question mark" in one.what for one in lint([odd], taxonomy()))


def test_a_margin_on_a_judge_is_refused(tmp_path) -> None:
    suite = write_suite(tmp_path, "gates: [{metric: judged, margin: 0.1}]")
    done = CliRunner().invoke(app, ["gate", "--suite", str(suite)])
    assert "judged has a limit" in str(done.exception)
