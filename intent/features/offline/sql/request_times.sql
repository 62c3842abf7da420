{#- Who asks when: the keys of one entity, numbered k, its rows of the spine, and its request times.
    A row that lacks a part of the key has no k. -#}
{%- macro same(keys, one, other) -%}
{%- for key in keys -%}
{{ one }}.{{ key }} = {{ other }}.{{ key }}{{ " AND " if not loop.last }}
{%- endfor -%}
{%- endmacro -%}

{%- macro keyed_rows(name, keys) %}
-- step: {{ name }}_keys
SELECT {{ keys | join(", ") }}, {{ engine.numbered(keys) }} AS k
FROM (
  SELECT DISTINCT {{ keys | join(", ") }} FROM spine
  WHERE {% for key in keys %}{{ key }} IS NOT NULL{{ " AND " if not loop.last }}{% endfor %}
)

-- step: {{ name }}_rows
SELECT s._row, e.k, s._at AS request_time
FROM spine s LEFT JOIN {{ name }}_keys e ON {{ same(keys, "s", "e") }}
{% endmacro -%}

{%- macro request_times(name, keys) %}
{{ keyed_rows(name, keys) }}
-- step: {{ name }}_request_times
SELECT DISTINCT k, request_time FROM {{ name }}_rows WHERE k IS NOT NULL
{% endmacro -%}
