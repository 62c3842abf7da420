{#- Where the engines differ: DuckDB. -#}

{#- Columns of a source, and next_request: the first request of the same key k at or after column
    `by`. What no request follows is left out. -#}
{%- macro asof_next(source, by, request_times, columns) -%}
SELECT f.{{ columns | join(", f.") }}, m.request_time AS next_request
FROM {{ source }} f
ASOF JOIN {{ request_times }} m ON f.k = m.k AND f.{{ by }} <= m.request_time
{%- endmacro -%}

{#- Numbered entries as one list a request. -#}
{%- macro listed(entries, name) -%}
SELECT k, request_time,
  list({'intent': intent, 'item_id': item_id, 'at': event} ORDER BY n) AS {{ name }}
FROM ({{ entries }}) GROUP BY k, request_time
{%- endmacro -%}

{%- macro empty_list() -%} [] {%- endmacro -%}

{#- What stands for a key of several columns. -#}
{%- macro numbered(keys) -%} row_number() OVER () {%- endmacro -%}
