{#- What was known when: from table exported to table facts, with the instants between which a
    reader sees a fact.

    since, until  seen while since <= t < until; until is null for what still stands
    stays         topics that the message keeps in all its later revisions
    first         1 for the revision of a message that is seen first, else 0

    A revision that a later one overtook before it was known is dropped. -#}
{%- set message = "PARTITION BY platform, message_id" -%}

{#- The first instant that sees a fact: after it was said, and a margin after it was known. -#}
{%- macro visible(known) -%}
greatest(event, {{ known }} + {{ margin }}) + 1
{%- endmacro -%}

-- step: redecided
SELECT DISTINCT platform, message_id FROM exported WHERE revision > 0

-- step: revised
WITH dated AS (
  SELECT *,
{%- if assumed is none %}
    known AS late
{%- else %}
    -- A first revision is taken as known so long after it was said; later ones keep their distance.
    known - greatest(min(known) OVER ({{ message }}) - (event + {{ assumed }}), 0) AS late
{%- endif %}
  FROM exported f
  SEMI JOIN redecided r ON r.platform = f.platform AND r.message_id = f.message_id
), followed AS (
  SELECT *,
    min(late) OVER ({{ message }} ORDER BY revision
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later
  FROM dated
), chain AS (
  SELECT *,
    {{ visible("late") }} AS since,
    CASE WHEN later IS NOT NULL THEN {{ visible("later") }} END AS until
  FROM followed
  WHERE later IS NULL OR late < later
)
SELECT *,
  bit_and(mask) OVER ({{ message }} ORDER BY revision
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS stays,
  CASE WHEN since = min(since) OVER ({{ message }}) THEN 1 ELSE 0 END AS first
FROM chain
WHERE until IS NULL OR since < until

-- step: facts
-- Most messages are decided once: of these only the columns that are asked for are read.
SELECT {{ columns | join(", ") }},
{%- if assumed is none %}
  {{ visible("known") }} AS since,
{%- else %}
  {{ visible("least(known, event + %s)" % assumed) }} AS since,
{%- endif %}
  CAST(NULL AS BIGINT) AS until, mask AS stays, 1 AS first
FROM exported f
ANTI JOIN redecided r ON r.platform = f.platform AND r.message_id = f.message_id
UNION ALL
SELECT {{ columns | join(", ") }}, since, until, stays, first FROM revised
