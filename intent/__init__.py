"""Finds the few live-stream messages that say *I would buy, book, be called back*.

The way of the data::

    sources ──Message──▶ queue ──Delivery──▶ worker ──▶ decide: cache → local model ──Decision──▶ store ──▶ features ──▶ ranking
    replay               SQL inbox             │                                                  ▲
                                               └─ unsure? ──▶ ask lane ──▶ asker ──▶ LLM ─────────┘

Every message gets a calibrated local decision at once. What the local model is unsure of waits in the ask lane,
and the answer becomes a newer revision of the decision. ``intent/ports.py`` shows every seam on one screen.
"""
