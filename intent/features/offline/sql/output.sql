{#- What is read of the steps' tables, beside the rows of the spine. -#}

-- step: columns
-- The columns that are added to the spine, in its order.
SELECT s._row
{%- for feature in features %}, {{ feature.name }}{% endfor %}
{%- for view in views %}, {{ view }}__status{% endfor %}
{%- for label in labels %}, label_{{ loop.index0 }}.n AS "{{ label.name }}"{% endfor %}
FROM spine s
{%- for view in views %}
{%- if in_place %}
POSITIONAL JOIN {{ view }}_features
{%- else %}
JOIN {{ view }}_features ON {{ view }}_features._row = s._row
{%- endif %}
{%- endfor %}
{%- for label in labels %}
JOIN label_{{ loop.index0 }} ON label_{{ loop.index0 }}._row = s._row
{%- endfor %}
{%- if labels or not in_place %}
ORDER BY s._row
{%- endif %}

-- step: report
-- Messages that were said before the spine's last row; of these, those that no row may see, because
-- they were decided later than it, and those that were decided late.
SELECT
  coalesce(sum(first), 0),
  coalesce(sum(CASE WHEN since > {{ last }} THEN first ELSE 0 END), 0),
  coalesce(sum(CASE WHEN since - event > {{ LATE }} THEN first ELSE 0 END), 0)
FROM facts WHERE event < {{ last }}
{%- for view in views %}

-- step: {{ view }}
-- Rows, rows with a status (in their place), rows with a key, and of these those whose entity was
-- ever seen.
SELECT count(*),
  count({% if in_place %}CASE WHEN v._row = s._row THEN {{ view }}__status END
    {%- else %}{{ view }}__status{% endif %}),
  coalesce(sum(CASE WHEN {{ view }}__keyed THEN 1 ELSE 0 END), 0),
  coalesce(sum(CASE WHEN {{ view }}__status <> '{{ NEVER_SEEN }}' THEN 1 ELSE 0 END), 0)
FROM {{ "spine s POSITIONAL JOIN " if in_place }}{{ view }}_features v
{%- endfor %}
{%- for label in labels %}

-- step: label_{{ loop.index0 }}
SELECT count(*) - count(n) FROM label_{{ loop.index0 }}
{%- endfor %}
