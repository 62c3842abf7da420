"""Finds the few live-stream messages that say *I would buy, book, be called back*.

The way of the data::

    sources ──Batch──▶ inbox ──Delivery──▶ worker ──▶ decide: cache → local model ──Decision──┐
                                             │                                                ▼
                                             └─ unsure? ──▶ ask lane ──▶ asker ──▶ LLM ──▶ store
                                                                                              │
                                                        ranking ◀── features: online, offline ┘

Every message gets a calibrated local decision at once. What the local model is unsure of waits in
the ask lane, and the answer becomes a newer revision of the decision. ``intent/ports/`` shows every
seam in four short files; ``intent/flow/`` holds the three loops that move the data.
"""
