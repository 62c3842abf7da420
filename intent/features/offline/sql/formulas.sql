{#- SQL of single values: what a fact adds to a sum, and what a feature makes of the sums. -#}

{#- The largest multiple of a size up to an instant, which may lie before 1970. -#}
{%- macro floor(instant, size) -%}
({{ instant }} - (({{ instant }} % {{ size }}) + {{ size }}) % {{ size }})
{%- endmacro -%}

{#- 2 to a power. -#}
{%- macro doubled(times) -%}
pow(CAST(2 AS DOUBLE), {{ times }})
{%- endmacro -%}

{#- Whether a mask holds a topic. -#}
{%- macro has(topic, mask="mask") -%}
(({{ mask }} & CAST({{ bits[topic] }} AS BIGINT)) <> 0)
{%- endmacro -%}

{#- The first instant whose window begins after a fact's event. -#}
{%- macro window_exit(window) -%}
({{ floor("event", window.tile * SECOND) }} + {{ (window.tile + window.seconds) * SECOND }})
{%- endmacro -%}

{#- The first instant at which a fact counts no more: it was replaced, or left the window. -#}
{%- macro end_in(window) -%}
least(coalesce(until, {{ window_exit(window) }}), {{ window_exit(window) }})
{%- endmacro -%}

{#- What a fact adds to a sum: integers, so that neither order nor company changes a bit. -#}
{%- macro added(sum) -%}
{%- if sum.kind == "c" -%} CAST({{ has(sum.topic) }} AS BIGINT)
{%- elif sum.kind == "g" -%}
CASE WHEN {{ has(sum.topic) }} THEN CAST(price_gap AS BIGINT) ELSE 0 END
{%- elif sum.kind == "e" -%} CAST(p_{{ sum.topic }} AS BIGINT)
{%- else -%} CAST(p_{{ sum.topic }} AS BIGINT) * (1000000 - p_{{ sum.topic }})
{%- endif -%}
{%- endmacro -%}

{%- macro summed(condition, value) -%}
CAST(sum(CASE WHEN {{ condition }} THEN {{ value }} ELSE 0 END) AS BIGINT)
{%- endmacro -%}

{#- The weight of a fact as of the begin of its event's block, in steps of 2**-FINE: it depends on
    the fact alone. -#}
{%- macro weight(half_life) -%}
CAST({{ doubled("%s + CAST(event - %s AS DOUBLE) / %s" %
    (FINE, floor("event", BLOCK * half_life), half_life)) }} AS DECIMAL(38, 0))
{%- endmacro -%}

{#- By how much the block of a request begins later than the block of a fact's event. -#}
{%- macro blocks_back(half_life) -%}
{{ floor("next_request", BLOCK * half_life) }} - {{ floor("event", BLOCK * half_life) }}
{%- endmacro -%}

{#- Weights of one topic: 0 of events of the request's own block, 1 of the block before; what is
    older has faded. -#}
{%- macro weighed(condition, life, topic, back) -%}
sum(CASE WHEN {{ condition }}{{ has(topic) }}
    AND back_{{ life }} = {{ back * BLOCK * half_lives[life] }}
    THEN weight_{{ life }} ELSE CAST(0 AS DECIMAL(38, 0)) END)
{%- endmacro -%}

{#- A decayed count of the weights of a request's own block and of the block before, as of its time. -#}
{%- macro faded(half_life, request_time, block, own, before) -%}
{%- set halvings = "CAST(%s - %s AS DOUBLE) / %s" % (request_time, block, half_life) -%}
CAST({{ own }} AS DOUBLE) * {{ doubled("-(%s + %s)" % (FINE, halvings)) }}
  + CAST({{ before }} AS DOUBLE) * {{ doubled("-(%s + %s)" % (FINE + BLOCK, halvings)) }}
{%- endmacro -%}

{#- When a topic was last said: by what stands for good (l_), or by what passes (t_). -#}
{%- macro last_said(topic) -%}
greatest(coalesce(l_{{ topic }}, t_{{ topic }}), coalesce(t_{{ topic }}, l_{{ topic }}))
{%- endmacro -%}

{%- macro decayed(topic, life) -%}
CASE WHEN d{{ life }}_{{ topic }} < {{ FADED }} THEN CAST(0 AS DOUBLE)
    ELSE d{{ life }}_{{ topic }} END
{%- endmacro -%}

{%- macro share(part, window) -%}
CASE WHEN c_message_{{ window }} > 0
    THEN CAST(c_{{ part }}_{{ window }} AS DOUBLE) / c_message_{{ window }} END
{%- endmacro -%}

{#- A ratio to whose part and whole something is added; missing where there is no whole. -#}
{%- macro ratio(part, whole, statistic) -%}
{%- set more, most = priors[statistic] -%}
CASE WHEN {{ whole }} > 0
    THEN (CAST({{ part }} AS DOUBLE) + {{ more }}) / (CAST({{ whole }} AS DOUBLE) + {{ most }}) END
{%- endmacro -%}

{#- The median of answers from how many are in each class; their times are even within a class. -#}
{%- macro median(window) -%}
{%- set all = [] -%}
{%- for name in answers %}{{ all.append("c_%s_%s" % (name, window)) or "" }}{% endfor -%}
{%- set total = "(" ~ all | join(" + ") ~ ")" -%}
CASE
{%- for here in all -%}
{%- set before = "(" ~ (["0"] + all[:loop.index0]) | join(" + ") ~ ")" -%}
{%- set low = ([0] + edges)[loop.index0] %}
    WHEN {{ here }} > 0 AND 2 * ({{ before }} + {{ here }}) >= {{ total }}
    THEN {{ low }} + CAST({{ edges[loop.index0] - low }} * ({{ total }} - 2 * {{ before }}) AS DOUBLE)
      / (2 * {{ here }})
{%- endfor %} END
{%- endmacro -%}

{%- macro tags(group, window) -%}
concat_ws('|'
{%- for intent in members[group] -%}
, CASE WHEN c_{{ intent }}_{{ window }} > 0
    THEN concat('{{ intent }}:', CAST(c_{{ intent }}_{{ window }} AS STRING)) END
{%- endfor -%}
)
{%- endmacro -%}

{#- The value of a feature whose entity is present. -#}
{%- macro value(feature, empty_list) -%}
{%- set topic, window = feature.topic, feature.window -%}
{%- if feature.statistic == "count" -%}
CAST(c_{{ topic }}_{{ window }} AS DOUBLE)
{%- elif feature.statistic == "expected" -%}
CAST(e_{{ topic }}_{{ window }} AS DOUBLE) / 1e6
{%- elif feature.statistic == "variance" -%}
CAST(v_{{ topic }}_{{ window }} AS DOUBLE) / 1e12
{%- elif feature.statistic == "distinct" -%}
CAST(u_{{ tails[feature.name] }} AS DOUBLE)
{%- elif feature.statistic == "coverage" -%}
{{ share("measured", window) }}
{%- elif feature.statistic == "share_llm" -%}
{{ share("llm", window) }}
{%- elif feature.statistic == "rate" -%}
{{ ratio("c_%s_%s" % (topic, window), "c_message_%s" % window, "rate") }}
{%- elif feature.statistic == "share_of_leads" -%}
{{ ratio("c_%s_%s" % (topic, window), "c_%s_%s" % (LEAD, window), "share_of_leads") }}
{%- elif feature.statistic == "priced_share" -%}
{{ ratio("c_priced_%s" % window, "c_%s_%s" % (LEAD, window), "priced_share") }}
{%- elif feature.statistic == "price_gap" -%}
{{ ratio("CAST(g_gap_%s AS DOUBLE) / 1e6" % window, "c_gap_%s" % window, "price_gap") }}
{%- elif feature.statistic == "answered_share" -%}
CASE WHEN c_{{ LEAD }}_{{ window }} > 0 THEN least(CAST(1 AS DOUBLE),
    {{ ratio("c_soon_%s" % window, "c_%s_%s" % (LEAD, window), "answered_share") }}) END
{%- elif feature.statistic == "answer_seconds" -%}
{{ median(window) }}
{%- elif feature.statistic == "burst" -%}
{{ ratio("c_%s_%s * %s" % (topic, BURST[0], times), "c_%s_%s" % (topic, BURST[1]), "burst") }}
{%- elif feature.statistic == "decayed" -%}
{{ decayed(topic, window) }}
{%- elif feature.statistic == "short_minus_long" -%}
({{ decayed(topic, SHORT) }} - {{ decayed(topic, LONG) }} / 30) * ln(CAST(2 AS DOUBLE))
{%- elif feature.statistic == "seconds_since_last" -%}
CASE WHEN {{ last_said(topic) }} >= request_time - {{ time_to_live }}
    THEN CAST(request_time - {{ last_said(topic) }} AS DOUBLE) / {{ SECOND }} END
{%- elif feature.statistic == "tags" -%}
{{ tags(topic, window) }}
{%- else -%}
coalesce(q_{{ topic }}, {{ empty_list }})
{%- endif -%}
{%- endmacro -%}
