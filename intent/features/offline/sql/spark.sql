{#- Where the engines differ: Spark, which has no as-of join of its own. -#}

{#- Both sides in one order, newest first; a request is carried on to what came before it. -#}
{%- macro asof_next(source, by, request_times, columns) -%}
SELECT {{ columns | join(", ") }}, next_request FROM (
  SELECT {{ columns | join(", ") }}, _side,
    last(_request, true) OVER (PARTITION BY k ORDER BY _by DESC, _side
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS next_request
  FROM (
    SELECT {{ columns | join(", ") }}, {{ by }} AS _by, CAST(NULL AS BIGINT) AS _request, 1 AS _side
    FROM {{ source }}
    UNION ALL
    SELECT
      {%- for column in columns %} {{ "k" if column == "k" else "NULL AS " ~ column }},{% endfor %}
      request_time AS _by, request_time AS _request, 0 AS _side
    FROM {{ request_times }}
  )
) WHERE _side = 1 AND next_request IS NOT NULL
{%- endmacro -%}

{#- Numbered entries as one list a request. -#}
{%- macro listed(entries, name) -%}
SELECT k, request_time,
  transform(
    array_sort(collect_list(
      named_struct('n', n, 'intent', intent, 'item_id', item_id, 'at', event))),
    e -> named_struct('intent', e.intent, 'item_id', e.item_id, 'at', e.at)) AS {{ name }}
FROM ({{ entries }}) GROUP BY k, request_time
{%- endmacro -%}

{%- macro empty_list() -%} array() {%- endmacro -%}

{#- Numbers would take one machine to give out; lengths keep (1, 23) and (12, 3) apart. -#}
{%- macro numbered(keys) -%}
concat(
{%- for key in keys %}length({{ key }}), ':', {{ key }}{{ ", " if not loop.last }}{% endfor -%}
)
{%- endmacro -%}
