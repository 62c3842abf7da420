"""The search finds what is planted, says so where nothing helps, and keeps to its money."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.__main__ import app
from eval.data.dataset import read_file
from eval.measure.finished import load_run
from eval.optimise.candidate import Candidate, Edit, EditRefused, edited, with_example
from eval.optimise.dev_judgement import judged, winner
from eval.optimise.search import Mistake, Search, Trial, search
from eval.run.purse import Purse
from eval.verbs.datasets import DATASET
from intent.classify.placeholders import disguise
from intent.model.errors import BudgetSpent
from tests.unit.eval.optimise.planted_server import HELPFUL, USELESS, PlantedServer
from tests.unit.eval.oracle import Oracle, chance, local, make_run, taxonomy, write_suite

BODY = "---\nhead\n---\nsystem:\nFirst rule. {{ x }}\nSecond rule.\n\nuser:\n{{ y }}\n"


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit("Third", "x"), "stands 0 times"),
        (Edit("rule", "x"), "stands 2 times"),
        (Edit("", "x"), "stands 0 times"),
        (Edit("{{ x }}", ""), "template's own marks"),
        (Edit("First", "{% raw %}"), "template's own marks"),
        (Edit("First rule.", "x\nuser:\ny"), "begin another section"),
        (Edit("First", "First"), "change nothing"),
        (Edit("{{ y }}", "x"), "template's own marks"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused_with_its_reason(edit: Edit, why: str) -> None:
    with pytest.raises(EditRefused, match=why):
        edited(BODY, [edit])


def test_edits_are_made_in_the_system_section_alone() -> None:
    made = edited(BODY, [Edit("First", "1st"), Edit("1st rule", "One")])
    assert made == BODY.replace("First rule", "One")


def test_an_example_is_added_or_takes_the_place_of_another() -> None:
    held = '# why\nexamples:\n  - {text: "a: b", labels: [chatter]}\n'
    more = with_example(held, {"text": 'say "hi" 你好', "labels": ["spam"]}, None)
    assert more.startswith("# why\nexamples:\n")
    assert "a: b" in more
    assert "你好" in more
    assert "a: b" not in with_example(more, {"text": "c", "labels": ["spam"]}, 0)
    with pytest.raises(EditRefused, match="there already"):
        with_example(more, {"text": "a: b", "labels": ["spam"]}, None)


class World:
    """Messages of which some are missed until a planted sentence stands in the prompt; implements
    ``Tries`` and ``Proposes``.
    """

    def __init__(self, *, helps: bool, seed: int, readings: int = 6000) -> None:
        self.helps, self.seed, self.left = helps, seed, readings
        draw = random.Random(seed)
        self.label = {f"m{n}": draw.choice(["PR", "AV", "CH", "CS", "PU"]) for n in range(700)}

    def run(self, candidate: Candidate, ids: Sequence[str]) -> Trial:
        if len(ids) > self.left:
            raise BudgetSpent("spent", wait=0.0)
        self.left -= len(ids)
        costs = {one: float(self._is_wrong(candidate.body, one)) for one in ids}
        wrong = [one for one in ids if costs[one]]
        mistakes = [Mistake(one, {}, (self.label[one],), ("CH",), "", 1.0) for one in wrong]
        return Trial(costs, mistakes)

    def _is_wrong(self, body: str, one: str) -> bool:
        if not self.helps:  # every wording errs elsewhere, and as often
            return chance(f"{self.seed} {sorted(body.split('. '))}", one) < 0.12
        for sentence, code in HELPFUL.items():
            if sentence not in body and self.label[one] == code:
                return True
        return chance("any", one) < 0.05

    def propose(
        self, parent: Candidate, mistakes: Sequence[Mistake], number: int, draw: random.Random, /
    ) -> Candidate:
        missed = {code for one in mistakes for code in one.right}
        seen = [sentence for sentence, code in HELPFUL.items() if code in missed]
        sentence = draw.choice(seen if seen and draw.random() < 0.4 else USELESS)
        if sentence in parent.body:
            raise EditRefused("it stands there already")
        return Candidate(number, f"{parent.body} {sentence}", "", parent.number, sentence)

    def searched(self, most: int = 20) -> Search:
        ids = list(self.label)
        lessons = [ids[start : start + 20] for start in range(200, 700, 20)]
        start = Candidate(0, "Read.", "")
        return search(start, self, [self], lessons, ids[:200], most=most, seed=self.seed)


def test_what_is_planted_is_found_within_the_budget_for_nine_seeds_of_ten() -> None:
    found = 0
    for seed in range(10):
        best = World(helps=True, seed=seed).searched().finalists(1)
        found += bool(best) and all(sentence in best[0].body for sentence in HELPFUL)
    assert found >= 9


def test_a_spent_budget_ends_the_search_with_what_was_found() -> None:
    search = World(helps=True, seed=1, readings=500).searched()
    assert search.ended == "spent"
    assert search.pool[0][0].number == 0


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, object]:
    """Runs of prompts that are no better and no worse: each errs on other messages."""
    folder = tmp_path_factory.mktemp("dev")
    suite = write_suite(folder)
    runs = {}
    for number in range(16):
        make_run(folder / str(number), suite, local(Oracle(wrong=0.12, seed=f"w{number}")))
        runs[number] = load_run(folder / str(number), taxonomy())
    return runs


def test_where_nothing_helps_it_says_so(dev: Mapping[int, object]) -> None:
    silent = 0
    for seed in range(5):
        # Each search has luck while choosing; three prompts are judged on what it has not seen.
        luck = World(helps=False, seed=seed).searched(most=8).finalists(3)
        pairs = [(one, dev[1 + seed * 3 + place]) for place, one in enumerate(luck)]
        silent += winner(judged(pairs, dev[0], taxonomy())) is None
    assert silent >= 4


def test_a_purse_holds_what_runs_and_keeps_what_was_spent() -> None:
    purse = Purse(0.000_000_010)
    with purse.reserve(6), pytest.raises(BudgetSpent, match="raise --budget"), purse.reserve(5):
        pass
    with purse.reserve(10):
        purse.book(4)
    with pytest.raises(BudgetSpent), purse.reserve(7):
        pass
    with purse.reserve(6):
        assert purse.dollars == pytest.approx(4e-9)


def optimise(server: PlantedServer, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str):
    monkeypatch.setenv("INTENT_LLM_BASE_URL", server.url)
    monkeypatch.setenv("INTENT_LLM_API_KEY", "test")
    few = ["--tries", "3", "--lesson", "20", "--choosing", "100", "--judging", "120", "--seed", "1"]
    places = ["-o", str(folder / "search"), "--store", str(folder / "replies.db")]
    found = CliRunner().invoke(app, ["optimise", *few, *places, "--json", *words])
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout.splitlines()[0])


def test_it_runs_over_a_server_resumes_without_asking_and_leaves_a_diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = {label.name: label.code for label in taxonomy().labels}
    truth = {
        disguise(row.input.text).text: tuple(codes[name] for name in row.expected.labels)
        for split in ("train", "dev")
        for row in read_file(DATASET / f"{split}.jsonl")[0]
    }
    with PlantedServer(taxonomy(), truth=truth, insight=1.0) as server:
        found = optimise(server, tmp_path, monkeypatch)
        asked = len(server.seen)
        again = optimise(server, tmp_path, monkeypatch)
        assert len(server.seen) == asked
    assert (again["best"], again["steps"]) == (found["best"], found["steps"])
    assert "is better" in found["verdict"]
    diff = (tmp_path / "search" / "best.diff").read_text(encoding="utf-8")
    assert any(f"+Earlier rules win over later ones. {one}" in diff for one in HELPFUL)
    assert (tmp_path / "search" / "best" / "lead_intent.prompty").exists()
    told = (tmp_path / "search" / "summary.md").read_text(encoding="utf-8")
    assert "## Why" in told
    assert "## Every try" in told
