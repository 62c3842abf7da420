"""Writes the figures and plots of the local model's card: ``python -m eval.bench.card``; the prose
around them is written by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from eval.bench import card_plots, figures
from eval.bench.peers import keyword_score, plain_encoder, router_score
from eval.bench.question_figures import question_lines
from eval.bench.real import report
from eval.data.dataset import read_file
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.classify.local.classifier import LocalClassifier
from intent.model.question_types import load_question_types
from intent.model.taxonomy import Taxonomy, load_taxonomy
from intent.training.data import Example, read_examples

LANGUAGES = ("en", "zh", "idms", "es", "vi", "th")
BEGIN, END = "<!-- figures: written by python -m eval.bench.card -->", "<!-- end of figures -->"
QUESTIONS_BEGIN, QUESTIONS_END = (
    "<!-- questions: written by python -m eval.bench.card --questions -->",
    "<!-- end of questions -->",
)
REAL_BEGIN, REAL_END = (
    "<!-- real dev set: written by python -m eval.bench.card --labelled -->",
    "<!-- end of the real dev set -->",
)
_ROUTES = 60
"""Utterances a lead label that the embedding router compares with, as shops write them down by
hand.
"""


def figure_lines(
    ours: LocalClassifier, taxonomy: Taxonomy, train: list[Example], test: list[Example], out: Path
) -> list[str]:
    """Measure on ``test``, draw the plots into ``out``, and return the section in Markdown."""
    decisions = ours.classify([example.message for example in test])
    rows = figures.judged(test, decisions, taxonomy)
    card_plots.reliability(rows, LANGUAGES, out / "reliability.svg")
    truth, chosen = rows.truth[:, -1], rows.chosen[:, -1]
    texts = [example.message.text for example in test]
    routes = [
        example.message.text
        for name in sorted(taxonomy.leads)
        for example in [one for one in train if name in one.labels][:_ROUTES]
    ]
    others = [
        example.message.text for example in train if taxonomy.leads.isdisjoint(example.labels)
    ][: len(routes)]
    scores = {
        "ours": rows.lead,
        "keywords": keyword_score(texts),
        "embedding router": router_score(plain_encoder(), texts, routes, others),
    }
    hits = (truth & chosen).sum()
    found = card_plots.precision_recall(
        truth,
        scores,
        (hits / truth.sum(), hits / max(chosen.sum(), 1)),
        out / "precision_recall.svg",
    )
    average = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    return [
        f"Model `{ours.versions.model}`, calibration `{ours.versions.calibration}`, {len(test)} "
        "messages; intervals at 95 % over rooms.",
        *("", "### Per language", "", *figures.by_language(rows, LANGUAGES)),
        *("", "### F1 per label and language", "", *figures.by_label(rows, LANGUAGES)),
        *(
            "",
            "### Confusion, messages with one right label",
            "",
            *figures.confusion(rows, decisions),
        ),
        *(
            "",
            "### Trust in the lead probability",
            "",
            *figures.trust(rows, LANGUAGES),
            "",
            "![Reliability per language](reliability.svg)",
        ),
        *("", "### Cost of lead mistakes", "", *figures.costs(rows, taxonomy)),
        *(
            "",
            f"### Precision and recall\n\nAverage precision for lead: {average}.",
            "",
            "![Precision and recall for lead](precision_recall.svg)",
        ),
    ]


def real_lines(ours: LocalClassifier, taxonomy: Taxonomy, labelled: Path, out: Path) -> list[str]:
    """Measure on real messages that ``python -m eval data real`` has joined, by kind of source,
    draw the plot into ``out``, and return the section in Markdown.
    """
    rows, _ = read_file(labelled)
    examples = [
        Example(
            row.message(), row.expected.labels, str(number), row.metadata.business.split("_")[0]
        )
        for number, row in enumerate(rows)
    ]
    found = figures.judged(
        examples, ours.classify([example.message for example in examples]), taxonomy
    )
    sources = sorted({example.lang for example in examples})
    card_plots.reliability(found, sources, out / "reliability_real.svg")
    return [
        f"Model `{ours.versions.model}`, calibration `{ours.versions.calibration}`, {len(rows)} "
        "messages; intervals at 95 % over messages.",
        *("", *figures.by_language(found, sources)),
        *("", *figures.trust(found, sources)),
        *("", "![Reliability on real text](reliability_real.svg)"),
    ]


def put(card: Path, lines: list[str], begin: str, end: str) -> None:
    """Write a section into the card, in place of what stands between its marks."""
    before, _, rest = (
        card.read_text(encoding="utf-8") if card.exists() else f"{begin}{end}\n"
    ).partition(begin)
    _, _, after = rest.partition(end)
    card.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Read the command line, measure, and put the section into the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=locate("models") / "lead_intent")
    parser.add_argument("--data", type=Path, default=Path("eval/datasets/lead_intent"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument(
        "--real", type=Path, help="folder with real text; figures are printed, and go into no file"
    )
    parser.add_argument(
        "--labelled", type=Path, help="real messages as joined by `python -m eval data real`"
    )
    parser.add_argument(
        "--questions", type=Path, help="ids and question types; only their section is written"
    )
    asked = parser.parse_args()
    out = asked.out or asked.model
    out.mkdir(parents=True, exist_ok=True)
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    ours = LocalClassifier.load(asked.model, taxonomy=taxonomy, cache_dir=Settings().cache_dir)
    if asked.real is not None:
        report(asked.real, ours)
        return
    card = out / "MODEL_CARD.md"
    if asked.labelled is not None:
        put(card, real_lines(ours, taxonomy, asked.labelled, out), REAL_BEGIN, REAL_END)
        return
    if asked.questions is not None:
        types = load_question_types(locate("prompts") / "questions.yaml")
        asks = question_lines(ours, types, asked.questions, asked.data)
        put(card, asks, QUESTIONS_BEGIN, QUESTIONS_END)
        return
    lines = figure_lines(
        ours,
        taxonomy,
        read_examples(asked.data / "train.jsonl"),
        read_examples(asked.data / f"{asked.split}.jsonl"),
        out,
    )
    put(card, lines, BEGIN, END)


if __name__ == "__main__":
    main()
