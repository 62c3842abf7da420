"""Asks a judge about the decisions of a run, and measures how far it agrees with people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

from eval.judge.judge_agreement import JudgeAgreement, judge_agreement
from eval.judge.judge_case import JudgeCase
from eval.judge.judge_examples import EXAMPLES, JudgeExample, load_examples
from eval.judge.judge_prompt import JudgePrompt, load_judge_prompt
from eval.judge.judge_record import JudgeRecord
from eval.judge.judge_reply import JudgeAnswer, is_judge_reply, read_judge_reply
from eval.run.assemble import settings_of
from eval.run.kept_exchange import KeptExchange
from eval.run.request import RunRequest
from eval.run.suite import Suite, digest
from intent.bootstrap.application import Application
from intent.classify.llm.books import at_most
from intent.classify.llm.models import Model, cost
from intent.model.attempt import NANO
from intent.model.completion import Request
from intent.model.taxonomy import Taxonomy

Told = Callable[[int, int], None]


class Judge:
    """Answers cases: each in a request of its own, so that no text stands beside another's."""

    def __init__(
        self, exchange: KeptExchange, prompt: JudgePrompt, *, jobs: int, offline: bool
    ) -> None:
        """Put together; ``jobs`` is how many cases are asked at a time."""
        self._exchange, self._prompt = exchange, prompt
        self._jobs, self._offline = jobs, offline

    @property
    def model(self) -> Model:
        """Who is asked."""
        return self._exchange.model

    def record(
        self, measured_on: str, agreement: JudgeAgreement, answers: Mapping[str, JudgeAnswer]
    ) -> JudgeRecord:
        """Return what it said, with who it is."""
        return JudgeRecord(
            model=self.model.id,
            prompt=self._prompt.identity,
            server=self._exchange.server or "none",
            measured_on=measured_on,
            agreement=agreement,
            answers=answers,
        )

    def requests(self, cases: Iterable[JudgeCase], *, swapped: bool = False) -> list[Request]:
        """Return what would be sent about cases that nobody has asked about before."""
        found = [self._prompt.request(one, self.model.id, swapped=swapped) for one in cases]
        return [one for one in found if self._exchange.known(one) is None]

    def answer(
        self,
        cases: Sequence[JudgeCase],
        told: Told = lambda done, total: None,
        *,
        swapped: bool = False,
    ) -> dict[str, JudgeAnswer]:
        """Return the answers by the digest of their cases; the same case is asked once.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: it cannot be asked now; what was paid for is
                kept.
        """
        once = list({case.digest: case for case in cases}.values())
        found: dict[str, JudgeAnswer] = {}

        def one(case: JudgeCase) -> JudgeAnswer:
            return self._answer(case, swapped=swapped)

        with ThreadPoolExecutor(self._jobs, thread_name_prefix="judge") as pool:
            try:
                for case, answer in zip(once, pool.map(one, once), strict=True):
                    found[case.digest] = answer
                    told(len(found), len(once))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def _answer(self, case: JudgeCase, *, swapped: bool) -> JudgeAnswer:
        request = self._prompt.request(case, self.model.id, swapped=swapped)
        if self._offline and self._exchange.known(request) is None:
            return JudgeAnswer(said="failed", why="was not asked: --offline")
        return read_judge_reply(case, self._exchange.ask(request))


@dataclass(frozen=True, slots=True)
class JudgeForecast:
    """What asking a judge comes to.

    Attributes:
        requests: about the cases of a run, and about the examples in both orders.
        asked: those that are not kept yet.
        dollars_most: if every answer to these is as long as it may be.
    """

    requests: int
    asked: int
    dollars_most: float


@dataclass(frozen=True, slots=True)
class Court:
    """A judge with what it is measured by.

    Attributes:
        measured_on: hash of the examples.
    """

    judge: Judge
    examples: Sequence[JudgeExample]
    measured_on: str
    taxonomy: Taxonomy

    def measure(self, told: Told = lambda done, total: None) -> JudgeAgreement:
        """Ask about the labelled examples in both orders, and hold the answers against what is
        right.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: as :meth:`Judge.answer`.
        """
        cases = {one.id: one.case(self.taxonomy) for one in self.examples}
        asked = list(cases.values())
        plain, swapped = self.judge.answer(asked, told), self.judge.answer(asked, swapped=True)
        return judge_agreement(
            self.examples,
            {key: plain[case.digest] for key, case in cases.items()},
            {key: swapped[case.digest] for key, case in cases.items()},
        )

    def forecast(self, cases: Sequence[JudgeCase]) -> JudgeForecast:
        """Return what is yet to be asked about cases, and to measure the judge."""
        examples = [one.case(self.taxonomy) for one in self.examples]
        asked = [
            *self.judge.requests([*cases, *examples]),
            *self.judge.requests(examples, swapped=True),
        ]
        paid = sum(cost(self.judge.model.prices, at_most(one)) for one in asked)
        return JudgeForecast(len(cases) + 2 * len(examples), len(asked), paid / NANO)

    def sentence(self, cases: Sequence[JudgeCase], told: Told) -> JudgeRecord:
        """Measure the judge, then ask it about cases.

        Raises:
            LlmUnavailable, LlmForbidden, BudgetSpent: as :meth:`Judge.answer`.
        """
        agreement = self.measure(told)
        answers = self.judge.answer(cases, told)
        return self.judge.record(self.measured_on, agreement, answers)


@contextmanager
def open_court(request: RunRequest, suite: Suite) -> Iterator[Court]:
    """Open the judge that a request and a suite ask for.

    Raises:
        OperatorError: no LLM is configured, nobody knows what it costs, or the examples are wrong.
        TemplateError: the judge's prompt is wrong.
    """
    app = Application(settings_of(request))
    prompt = load_judge_prompt(app.prompts, app.taxonomy)
    path = suite.judge.examples or EXAMPLES
    examples = load_examples(path, app.taxonomy)
    model = request.judge_model or suite.judge.model or app.settings.llm_model or prompt.model
    with closing(KeptExchange(request, "judge", model, is_judge_reply)) as exchange:
        judge = Judge(exchange, prompt, jobs=request.jobs, offline=request.offline)
        yield Court(judge, examples, digest(path.read_bytes()), app.taxonomy)
