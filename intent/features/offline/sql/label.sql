{#- One label: how many messages with a topic an entity says from a row's time on, by the newest
    revisions, or how many conversions of a kind it has; each counts from the first request whose
    window reaches it. -#}
{%- import dialect ~ ".sql" as engine -%}
{%- import "formulas.sql" as f with context -%}
{%- from "request_times.sql" import request_times, same with context -%}

{%- macro said(at, sign) -%}
  SELECT e.k, {{ at }} AS at, {{ sign }} AS sign
  FROM {{ "converted" if conversion else "facts" }} f
  JOIN {{ name }}_keys e ON {{ same(keys, "f", "e") }}
  WHERE {% if conversion %}f.kind = '{{ topic }}'
        {%- else %}f.until IS NULL AND {{ f.has(topic, "f.mask") }}{% endif %}
{%- endmacro -%}

{{ request_times(name, keys) }}

{%- set changes %}(
  {{ said("f.event - %s" % (microseconds - 1), 1) }}
  UNION ALL
  {{ said("f.event + 1", -1) }})
{%- endset %}

-- step: {{ name }}_changes
SELECT k, next_request AS request_time, sum(sign) AS n
FROM ({{ engine.asof_next(changes, "at", name ~ "_request_times", ["k", "sign"]) }})
GROUP BY k, next_request

-- step: {{ name }}
-- Missing where the key lacks a part, and where the window ends after the facts do.
WITH counted AS (
  SELECT m.k, m.request_time,
    sum(coalesce(c.n, 0)) OVER (PARTITION BY m.k ORDER BY m.request_time
      ROWS UNBOUNDED PRECEDING) AS n
  FROM {{ name }}_request_times m
  LEFT JOIN {{ name }}_changes c ON c.k = m.k AND c.request_time = m.request_time
)
SELECT r._row,
  CASE WHEN r.request_time + {{ microseconds }} <= {{ facts_end }} THEN CAST(v.n AS DOUBLE) END AS n
FROM {{ name }}_rows r
LEFT JOIN counted v ON v.k = r.k AND v.request_time = r.request_time
