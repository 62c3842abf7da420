{#- The features of one view (entity) for the rows of the spine: a fact counts at t while
    since <= t < until and, for a window, while t < window_exit. -#}
{%- import dialect ~ ".sql" as engine -%}
{%- import "formulas.sql" as f with context -%}
{%- from "request_times.sql" import request_times, same with context -%}
{%- from "sequences.sql" import listed_intents with context -%}
{%- from "features.sql" import stated_and_valued with context -%}

{{ request_times(view, keys) }}

{%- set known %}(
  SELECT e.k, f.since, f.until, f.stays, f.{{ columns | join(", f.") }}
  FROM facts f JOIN {{ view }}_keys e ON {{ same(keys, "f", "e") }})
{%- endset %}

-- step: {{ view }}_facts
-- Every fact with the first request that sees it; what was replaced before is left out.
SELECT * FROM (
  {{ engine.asof_next(known, "since", view ~ "_request_times",
    ["k", "since", "until", "stays"] + columns) }}
)
WHERE until IS NULL OR next_request < until

{%- for distinct in distincts %}

-- step: {{ view }}_{{ distinct.name }}
-- The stretches through which one and the same {{ distinct.column }} counts, by one message or
-- another. Equal spans are one: between equals the two windows could choose different orders.
WITH spans AS (
  SELECT DISTINCT k, {{ distinct.column }} AS who, next_request,
    {{ f.end_in(distinct.window) }} AS ends
  FROM {{ view }}_facts
  WHERE next_request < {{ f.window_exit(distinct.window) }}
    AND {{ distinct.column }} IS NOT NULL AND {{ f.has(distinct.topic) }}
), marked AS (
  SELECT k, who, next_request, ends,
    CASE WHEN next_request <= max(ends) OVER (PARTITION BY k, who ORDER BY next_request, ends
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS opens
  FROM spans
), stretches AS (
  SELECT k, who, next_request, ends,
    sum(opens) OVER (PARTITION BY k, who ORDER BY next_request, ends
      ROWS UNBOUNDED PRECEDING) AS stretch
  FROM marked
)
SELECT k, min(next_request) AS request_time, max(ends) AS ends
FROM stretches GROUP BY k, who, stretch
{%- endfor %}

-- step: {{ view }}_entered
-- What each request is the first to see; what came too late for a window was never in it.
WITH placed AS (
  SELECT *
{%- for name in windows %},
    next_request < {{ f.window_exit(windows[name]) }} AS in_{{ name }}
{%- endfor %}
{%- for life in lives %},
    {{ f.weight(half_lives[life]) }} AS weight_{{ life }},
    {{ f.blocks_back(half_lives[life]) }} AS back_{{ life }}
{%- endfor %}
  FROM {{ view }}_facts
)
SELECT k, next_request AS request_time
{%- for topic in lasts %},
  max(CASE WHEN {{ f.has(topic, "stays") }} THEN event END) AS l_{{ topic }}
{%- endfor %}
{%- for sum in sums %},
  {{ f.summed("in_" ~ sum.window, f.added(sum)) }} AS {{ sum.name }}
{%- endfor %}
{%- for life, topic in interests %}
{%- for back in (0, 1) %},
  {{ f.weighed("", life, topic, back) }} AS i{{ life }}_{{ topic }}_{{ back }}
{%- endfor %}
{%- endfor %}
FROM placed GROUP BY k, next_request

{%- set leaving %}(
  SELECT k, until AS ends, 'replaced' AS what, {{ values | join(", ") }}
  FROM {{ view }}_facts WHERE until IS NOT NULL
{%- for name in windows %}
  UNION ALL
  SELECT k, {{ f.end_in(windows[name]) }} AS ends, '{{ name }}' AS what, {{ values | join(", ") }}
  FROM {{ view }}_facts WHERE next_request < {{ f.window_exit(windows[name]) }}
{%- endfor %}
{%- for distinct in distincts %}
  UNION ALL
  SELECT k, ends, '{{ distinct.name }}' AS what
    {%- for value in values %}, CAST(NULL AS BIGINT) AS {{ value }}{% endfor %}
  FROM {{ view }}_{{ distinct.name }}
{%- endfor %})
{%- endset %}

-- step: {{ view }}_left
-- What each request is the first to miss: it left a window, or a later revision took its place.
WITH missed AS (
  {{ engine.asof_next(leaving, "ends", view ~ "_request_times", ["k", "what"] + values) }}
), placed AS (
  SELECT *
{%- for life in lives %},
    {{ f.weight(half_lives[life]) }} AS weight_{{ life }},
    {{ f.blocks_back(half_lives[life]) }} AS back_{{ life }}
{%- endfor %}
  FROM missed
)
SELECT k, next_request AS request_time
{%- for sum in sums %},
  {{ f.summed("what = '%s'" % sum.window, f.added(sum)) }} AS {{ sum.name }}
{%- endfor %}
{%- for life, topic in interests %}
{%- for back in (0, 1) %},
  {{ f.weighed("what = 'replaced' AND ", life, topic, back) }} AS i{{ life }}_{{ topic }}_{{ back }}
{%- endfor %}
{%- endfor %}
{%- for distinct in distincts %},
  {{ f.summed("what = '%s'" % distinct.name, 1) }} AS {{ distinct.name }}
{%- endfor %}
FROM placed GROUP BY k, next_request

-- step: {{ view }}_running
-- What was handed to the requests, added up in the order of time; what fades is added up later.
SELECT m.k, m.request_time
{%- for topic in lasts %},
  max(e.l_{{ topic }}) OVER w AS l_{{ topic }}
{%- endfor %}
{%- for sum in sums %},
  sum(coalesce(e.{{ sum.name }}, 0) - coalesce(g.{{ sum.name }}, 0)) OVER w AS {{ sum.name }}
{%- endfor %}
{%- for life, topic in interests %}
{%- for back in (0, 1) %}
{%- set name = "i%s_%s_%s" % (life, topic, back) %},
  coalesce(e.{{ name }}, 0) - coalesce(g.{{ name }}, 0) AS {{ name }}
{%- endfor %}
{%- endfor %}
{%- for distinct in distincts %},
  sum(coalesce(o{{ loop.index }}.n, 0) - coalesce(g.{{ distinct.name }}, 0)) OVER w
    AS {{ distinct.name }}
{%- endfor %}
FROM {{ view }}_request_times m
LEFT JOIN {{ view }}_entered e ON e.k = m.k AND e.request_time = m.request_time
LEFT JOIN {{ view }}_left g ON g.k = m.k AND g.request_time = m.request_time
{%- for distinct in distincts %}
LEFT JOIN (
  SELECT k, request_time, count(*) AS n FROM {{ view }}_{{ distinct.name }} GROUP BY k, request_time
) o{{ loop.index }} ON o{{ loop.index }}.k = m.k AND o{{ loop.index }}.request_time = m.request_time
{%- endfor %}
WINDOW w AS (PARTITION BY m.k ORDER BY m.request_time ROWS UNBOUNDED PRECEDING)

{%- for life in lives %}
{%- set size = BLOCK * half_lives[life] %}

-- step: {{ view }}_weights_{{ life }}
SELECT k, request_time, {{ f.floor("request_time", size) }} AS block
{%- for topic in topics_of[life] %},
  i{{ life }}_{{ topic }}_0 AS {{ topic }}_0, i{{ life }}_{{ topic }}_1 AS {{ topic }}_1
{%- endfor %}
FROM {{ view }}_running

-- step: {{ view }}_faded_{{ life }}
-- Weights as of the begin of a block are added up, and fade for as long as the request lies after
-- it: the request's own block, and the block before.
WITH own AS (
  SELECT k, request_time, block
{%- for topic in topics_of[life] %},
    sum({{ topic }}_0) OVER w AS {{ topic }}_0, sum({{ topic }}_1) OVER w AS {{ topic }}_1
{%- endfor %}
  FROM {{ view }}_weights_{{ life }}
  WINDOW w AS (PARTITION BY k, block ORDER BY request_time ROWS UNBOUNDED PRECEDING)
), before AS (
  SELECT k, block + {{ size }} AS block
{%- for topic in topics_of[life] %}, sum({{ topic }}_0) AS {{ topic }}{% endfor %}
  FROM {{ view }}_weights_{{ life }} GROUP BY k, block
)
SELECT r.k, r.request_time
{%- for topic in topics_of[life] %},
  {{ f.faded(half_lives[life], "r.request_time", "r.block", "r.%s_0" % topic,
    "(coalesce(b.%s, 0) + r.%s_1)" % (topic, topic)) }} AS d{{ life }}_{{ topic }}
{%- endfor %}
FROM own r LEFT JOIN before b ON b.k = r.k AND b.block = r.block
{%- endfor %}

-- step: {{ view }}_passing
-- What was last said by facts that a later revision takes back, among the few that a request saw
-- and whose topic was lost.

SELECT m.k, m.request_time
{%- for topic in lasts %},
  max(CASE WHEN {{ f.has(topic, "f.mask") }} AND NOT {{ f.has(topic, "f.stays") }}
    THEN f.event END) AS t_{{ topic }}
{%- endfor %}
FROM {{ view }}_request_times m
JOIN (
  SELECT * FROM {{ view }}_facts
  WHERE (mask & CAST({{ asked }} AS BIGINT)) <> (stays & CAST({{ asked }} AS BIGINT))
) f ON f.k = m.k AND f.next_request <= m.request_time AND m.request_time < f.until
GROUP BY m.k, m.request_time

{{ listed_intents() }}
-- step: {{ view }}_features
-- Features of the sums of each request, given to the rows of the spine.
WITH sums AS (
  SELECT m.k, m.request_time
{%- for topic in lasts %}, m.l_{{ topic }}, t.t_{{ topic }}{% endfor %}
{%- for sum in sums %}, m.{{ sum.name }}{% endfor %}
{%- for life, topic in interests %}, f{{ life }}.d{{ life }}_{{ topic }}{% endfor %}
{%- for distinct in distincts %}, m.{{ distinct.name }}{% endfor %}
{%- for topic in sequences %}, q_{{ topic }}{% endfor %}
  FROM {{ view }}_running m
  LEFT JOIN {{ view }}_passing t ON t.k = m.k AND t.request_time = m.request_time
{%- for life in lives %}
  LEFT JOIN {{ view }}_faded_{{ life }} f{{ life }}
    ON f{{ life }}.k = m.k AND f{{ life }}.request_time = m.request_time
{%- endfor %}
{%- for topic in sequences %}
  LEFT JOIN {{ view }}_sequence_{{ topic }} q{{ loop.index }}
    ON q{{ loop.index }}.k = m.k AND q{{ loop.index }}.request_time = m.request_time
{%- endfor %}
), {{ stated_and_valued("k, request_time") }}
SELECT r._row, r.k IS NOT NULL AS {{ view }}__keyed,
  CASE WHEN r.k IS NULL THEN '{{ NEVER_SEEN }}' ELSE v.status END AS {{ view }}__status
{%- for feature in features %}, v.{{ feature.name }}{% endfor %}
FROM {{ view }}_rows r
LEFT JOIN valued v ON v.k = r.k AND v.request_time = r.request_time
