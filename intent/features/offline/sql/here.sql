{#- The features of one view where arrays add up (:mod:`intent.features.offline.handed_facts`):
    what they are given, and what is made of the sums that they hand back. -#}
{%- import dialect ~ ".sql" as engine -%}
{%- import "formulas.sql" as f with context -%}
{%- from "request_times.sql" import keyed_rows, request_times, same with context -%}
{%- from "sequences.sql" import listed_intents with context -%}
{%- from "features.sql" import stated_and_valued with context -%}

{%- set known -%}
FROM facts f JOIN {{ view }}_keys e ON {{ same(keys, "f", "e") }}
{%- endset -%}

{{ request_times(view, keys) if sequences else keyed_rows(view, keys) }}

{%- if sequences %}

-- step: {{ view }}_facts
-- Only what stands in a sequence.
SELECT * FROM (
{%- set listed %}(
  SELECT e.k, f.since, f.until, f.event, f.mask, f.item_id, f.message_id
  {{ known }}
  WHERE {% for topic in sequences %}{{ f.has(topic) }}{{ " OR " if not loop.last }}{% endfor %})
{%- endset %}
  {{ engine.asof_next(listed, "since", view ~ "_request_times",
    ["k", "since", "until", "event", "mask", "item_id", "message_id"]) }}
)
WHERE until IS NULL OR next_request < until
{{ listed_intents() }}
{%- endif %}

-- step: {{ view }}_known
-- Facts of the entities that are asked for; a weight only where it counts.
SELECT e.k, f.since, coalesce(f.until, {{ FOREVER }}) AS until, f.event, f.mask, f.stays
{%- for value in values if value not in ("event", "mask") %}, coalesce(f.{{ value }}, 0) AS {{ value }}{% endfor %}
{%- for column in distincts | map(attribute="column") | unique | sort %}, f.{{ column }}{% endfor %}
{%- for life in lives %},
  CASE WHEN {% for topic in topics_of[life] %}{{ f.has(topic) }}{{ " OR " if not loop.last }}
    {%- endfor %} THEN {{ f.weight(half_lives[life]) }} END AS weight_{{ life }}
{%- endfor %}
{{ known }}

-- step: {{ view }}_features
-- Features of the sums of each row; what fades, fades for as long as the row lies after its block.
WITH sums AS (
  SELECT m.*
{%- for topic in lasts %}, m.l_{{ topic }} AS t_{{ topic }}{% endfor %}
{%- for life, topic in interests %},
    {{ f.faded(half_lives[life], "m.request_time", f.floor("m.request_time", BLOCK * half_lives[life]),
      "m.i%s_%s_0" % (life, topic), "m.i%s_%s_1" % (life, topic)) }} AS d{{ life }}_{{ topic }}
{%- endfor %}
{%- for topic in sequences %}, q_{{ topic }}{% endfor %}
  FROM {{ view }}_sums m
{%- for topic in sequences %}
  LEFT JOIN {{ view }}_sequence_{{ topic }} q{{ loop.index }}
    ON q{{ loop.index }}.k = m.k AND q{{ loop.index }}.request_time = m.request_time
{%- endfor %}
), {{ stated_and_valued("_row, k") }}
SELECT _row, k IS NOT NULL AS {{ view }}__keyed, status AS {{ view }}__status
{%- for feature in features %}, {{ feature.name }}{% endfor %}
FROM valued