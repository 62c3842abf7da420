{#- The last intents that each request sees, as a list. -#}
{%- import dialect ~ ".sql" as engine -%}
{%- import "formulas.sql" as f with context -%}

{%- macro listed_intents() %}
{%- for topic in sequences %}

-- step: {{ view }}_sequence_{{ topic }}
{%- set entries %}
  SELECT * FROM (
    SELECT m.k, m.request_time, f.intent, f.item_id, f.event,
      row_number() OVER (PARTITION BY m.k, m.request_time
        ORDER BY f.event DESC, f.message_id, f.code) AS n
    FROM {{ view }}_request_times m
    JOIN (
{%- for intent in members[topic] %}
      SELECT k, next_request, until, event, message_id, item_id,
        '{{ intent }}' AS intent, {{ loop.index }} AS code
      FROM {{ view }}_facts WHERE {{ f.has(intent) }}
{{- "\n      UNION ALL" if not loop.last }}
{%- endfor %}
    ) f ON f.k = m.k AND f.next_request <= m.request_time
      AND (f.until IS NULL OR m.request_time < f.until)
      AND f.event >= m.request_time - {{ time_to_live }}
  ) WHERE n <= {{ SEQUENCE }}
{%- endset %}
{{ engine.listed(entries, "q_" ~ topic) }}
{%- endfor %}
{% endmacro -%}
