"""The verbs of rankers: train one on a log of impressions and say what it is worth."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from eval.verbs.grouping import groups
from intent.bootstrap.application import open_application
from intent.cli.screen import json_line, results, say
from intent.features.definitions.events import Topics
from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.ranking.redundant import CorrelatedPair, FeatureWorth
    from eval.ranking.trained import HeadQuality, RankerReport

app = typer.Typer(no_args_is_help=True, help="Rankers over features: train one, measure it.")

app.command()(groups)

Log = Annotated[
    Path,
    typer.Argument(help="folder with impressions, clicks, conversions and facts, such as a world"),
]
Out = Annotated[Path, typer.Option(help="folder for the ranker, its rows and report.json")]
OfSet = Annotated[str, typer.Option("--feature-set", "--set", help="such as ranking_v1")]
DEFAULT_SETS = {"lightgbm": "ranking_v1", "esmm": "ranking_sequence_v1"}
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@app.command()
def train(
    log: Log,
    out: Out,
    of_set: OfSet | None = None,
    model: Annotated[
        str, typer.Option(help="lightgbm: trees; esmm: a network that reads intents in order")
    ] = "lightgbm",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a ranker on the first days with what was known then; measure it on the last ones.

    A network's training is kept after each pass: the same command goes on where it was killed.

    Example: python -m eval rank train worlds/one --out rankers/one --model esmm
    """
    from eval.ranking.ranked_log import ranked_log
    from eval.ranking.trained import RankerKind, measured_ranker
    from intent.features.check.feature_profile import NAME, write_profile
    from intent.ranking.ranker_folder import save_ranker

    if model not in list(RankerKind):
        raise OperatorError(f"there is no model {model!r}; choose one of: {', '.join(RankerKind)}")
    kind, definitions = RankerKind(model), open_application().definitions
    of_set = of_set or DEFAULT_SETS[model]
    rows = ranked_log(log, out, definitions.feature_set(of_set), definitions)
    kept = out / "learning.pt"
    ranker, report, profile = measured_ranker(rows, kind=kind, seed=seed, kept=kept, say=say)
    save_ranker(ranker, out / "ranker")
    kept.unlink(missing_ok=True)
    write_profile(profile, out / "ranker" / NAME)
    pinned = {"model": model, "feature_set": of_set, "digest": ranker.feature_set.version}
    held = {**pinned, **asdict(report)}
    _keep(out, "train", held)
    if as_json:
        json_line(held)
        return
    _show(report)
    say(f"the ranker is in {out / 'ranker'}, pinned to {of_set} {pinned['digest']}")


@app.command()
def features(
    log: Log,
    out: Out,
    of_set: OfSet = "ranking_v2",
    limit: Annotated[float, typer.Option(min=0.0, max=1.0, help="correlation")] = 0.98,
    as_json: AsJson = False,
) -> None:
    """Show which features of a set say the same, which stay by rule (the first named of those that
    say the same), and by how much the log-loss grows on later days when one's values are dealt out
    anew.

    Example: python -m eval rank features worlds/one --out rankers/one --set ranking_v1
    """
    from eval.ranking.ranked_log import ranked_log
    from eval.ranking.redundant import correlated_pairs, feature_worth, kept_by_rule
    from eval.ranking.trained import late_rows, measured_ranker

    definitions = open_application().definitions
    rows = ranked_log(log, out, definitions.feature_set(of_set), definitions)
    pairs = correlated_pairs(rows.matrix, rows.names, limit)
    kept = kept_by_rule(rows.names, pairs)
    last = late_rows(rows)
    model = measured_ranker(rows)[0]
    worth = feature_worth(model, rows.names, rows.rows.chosen(last), rows.shown.chosen(last))
    held = {
        "feature_set": of_set,
        "pairs": [asdict(one) for one in pairs],
        "leave": [name for name in rows.names if name not in kept],
        "worth": [asdict(one) for one in worth],
    }
    _keep(out, "features", held)
    if as_json:
        json_line(held)
        return
    _show_features(pairs, kept, worth)


@app.command()
def recall(
    log: Log,
    out: Out,
    most: Annotated[int, typer.Option("--at", min=1, help="candidates for each request")] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Choose candidates among live rooms for the clicks and orders of the last days, and count how
    many of them were among the candidates.

    Example: python -m eval rank recall worlds/one --out rankers/one
    """
    from eval.ranking.recalled import measured_recall

    topics = Topics(open_application().definitions.groups)
    report = measured_recall(log, topics, most, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    _keep(out, "recall", asdict(report))
    if as_json:
        json_line(asdict(report))
        return
    title = f"recall at {most} of {report.live:.0f} live rooms in the mean"
    table = Table(title=title, title_justify="left")
    names = ("of", "whose", "rows", "recall", "as set", "without needs", "by fame", "by chance")
    for name in names:
        table.add_column(name, justify="left" if name in {"of", "whose"} else "right")
    for line in report.lines:
        shares = (line.recall, line.as_set, line.without_need, line.fame, line.chance)
        table.add_row(line.of, line.group, f"{line.rows:,}", *(f"{one:.3f}" for one in shares))
    results().print(table)
    knobs = ", ".join(f"{name} {value:g}" for name, value in asdict(report.knobs).items())
    tuned, judged = ", ".join(report.tuned), ", ".join(report.judged)
    say(f"weights chosen on {tuned}: {knobs}; judged on {judged}")
    shares_of = ", ".join(f"{name} {share:.0%}" for name, share in report.reasons.items())
    say(f"candidates by reason: {shares_of}")


def _show_features(
    pairs: Sequence[CorrelatedPair], kept: Sequence[str], worth: Sequence[FeatureWorth]
) -> None:
    for pair in pairs:
        results().print(f"{pair.one} ~ {pair.other}: {pair.correlation:.4f}")
    table = Table(title="millionths of a nat that a feature is worth", title_justify="left")
    table.add_column("feature", overflow="fold")
    for name in ("clicks", "orders after a click", "stays"):
        table.add_column(name, justify="right")
    for one in sorted(worth, key=lambda one: -one.order):
        stays = "yes" if one.name in kept else "no"
        table.add_row(one.name, f"{one.click:.0f}", f"{one.order:.0f}", stays)
    results().print(table)
    say(f"{len(pairs)} pairs say the same; {len(kept)} of {len(worth)} features stay")


def _keep(out: Path, verb: str, found: dict[str, Any]) -> None:
    """Write what was found beside what other verbs found."""
    path = out / "report.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**held, verb: found}, indent=1) + "\n", encoding="utf-8")


def _show(report: RankerReport) -> None:
    table = Table(title=f"measured on {', '.join(report.tested)}", title_justify="left")
    for name in ("probability of", "rows", "rate", "said", "AUC", "log-loss", "of the rate", "ECE"):
        table.add_column(name, justify="left" if name == "probability of" else "right")
    heads = {
        "a click": report.click,
        "an order": report.order,
        "an order after a click": report.order_after_click,
    }
    for name, head in heads.items():
        table.add_row(
            name,
            f"{head.rows:,}",
            f"{head.rate:.4f}",
            f"{head.said:.4f}",
            f"{head.auc:.4f}",
            f"{head.log_loss:.5f}",
            f"{head.base_loss:.5f}",
            f"{head.error:.4f}",
        )
    results().print(table)
    against = "true relevance" if report.of_truth else "clicks of what stood first"
    results().print(
        f"at position 1: said / {against} = {report.first_place:.3f}\n"
        f"NDCG@10 {report.ndcg:.4f}, of the lists as they were shown {report.shown_ndcg:.4f}\n"
        f"said / seen by day: clicks {_days(report.click)}; orders {_days(report.order)}\n"
        f"orders known when it was trained, of those that it reckons with: "
        f"{report.known_share:.1%}\ntrained in {report.processor_seconds:.1f} s of processor time"
    )


def _days(head: HeadQuality) -> str:
    return ", ".join(
        f"{day.ratio:.3f} ({day.low:.2f} {'or more' if day.high is None else f'to {day.high:.2f}'})"
        for day in head.by_day.values()
    )
