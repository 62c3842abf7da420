"""Draws the drift of features as one page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from intent.features.check.feature_profile import FeatureDrift, FeatureProfile

WIDTH, HEIGHT, GAP = 240, 48, 2

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums }}
tr.alarm td:first-child {{ border-left: 4px solid #b00020 }}
</style></head><body><h1>{title}</h1><p>{verdict}</p>
<p>Dark bars are the share of the rows now, light ones that of the reference; the last two are
those of <em>missing</em>.</p>
<table><thead><tr><th>feature</th><th class="n">drift</th><th class="n">by chance</th>
<th class="n">missing</th><th class="n">before</th><th>shares</th></tr></thead>
<tbody>{rows}</tbody></table></body></html>
"""


def drift_page(
    now: FeatureProfile, before: FeatureProfile, found: Sequence[FeatureDrift], limit: float
) -> str:
    """Return the page, the furthest drift first."""
    alarms = [one for one in found if one.alarms(limit)]
    verdict = (
        f"{len(alarms)} of {len(found)} features have drifted beyond {limit:g}"
        if alarms
        else f"None of {len(found)} features has drifted beyond {limit:g}"
    )
    return _PAGE.format(
        title=escape(f"Drift of {now.feature_set} {now.digest}"),
        verdict=escape(f"{verdict}: {now.rows:,} rows against {before.rows:,}."),
        rows="\n".join(_row(one, one.alarms(limit)) for one in found),
    )


def _row(one: FeatureDrift, alarm: bool) -> str:
    numbers = (
        f"{one.index:.3f}",
        f"{one.by_chance:.3f}",
        f"{one.missing:.1%}",
        f"{one.missing_before:.1%}",
    )
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    kind = ' class="alarm"' if alarm else ""
    return f"<tr{kind}><td>{escape(one.name)}</td>{cells}<td>{_bars(one)}</td></tr>"


def _bars(one: FeatureDrift) -> str:
    most = max(*one.shares, *one.shares_before, 1e-9)
    step = WIDTH / len(one.shares)
    half = (step - GAP) / 2
    parts = []
    for place, pair in enumerate(zip(one.shares_before, one.shares, strict=True)):
        for side, (share, fill) in enumerate(zip(pair, ("#b9c6d3", "#1f4e79"), strict=True)):
            tall = share / most * HEIGHT
            parts.append(
                f'<rect x="{place * step + side * half:.1f}" y="{HEIGHT - tall:.1f}" '
                f'width="{half:.1f}" height="{tall:.1f}" fill="{fill}"/>'
            )
    shares = ", ".join(f"{share:.1%}" for share in one.shares)
    return (
        f'<svg role="img" aria-label="shares now: {shares}" width="{WIDTH}" height="{HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )
