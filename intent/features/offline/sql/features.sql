{#- From the sums of requests, in a table "sums", to features: what two ways of adding up share. -#}
{%- import dialect ~ ".sql" as engine -%}
{%- import "formulas.sql" as f with context -%}

{%- macro stated_and_valued(row) -%}
stated AS (
  SELECT *,
    CASE WHEN {{ f.last_said(MESSAGE) }} IS NULL THEN '{{ NEVER_SEEN }}'
      WHEN {{ f.last_said(MESSAGE) }} < request_time - {{ time_to_live }} THEN '{{ EXPIRED }}'
      ELSE '{{ PRESENT }}' END AS status
  FROM sums
), valued AS (
  SELECT {{ row }}, status
{%- for feature in features %},
    CASE WHEN status = '{{ PRESENT }}' THEN {{ f.value(feature, engine.empty_list()) }} END
      AS {{ feature.name }}
{%- endfor %}
  FROM stated
)
{%- endmacro -%}
