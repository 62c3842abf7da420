"""Makes ``python -m eval.standin`` serve the fake LLM server."""

from eval.standin.fake_llm_server import main

if __name__ == "__main__":
    main()
