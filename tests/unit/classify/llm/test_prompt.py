"""Prompt files are checked when they are read, and identified by what reaches the model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from intent.classify.llm.prompt import aliases, load_alias, load_prompt
from intent.model.errors import TemplateError
from tests.unit.classify.llm.asking import PROMPT, PROMPTS, TAXONOMY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROMPTS, tmp_path / "prompts"))


def changed(folder: Path, old: str, new: str, name: str = "lead_intent.prompty") -> Path:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder / "lead_intent.prompty"


def test_production_passes_and_its_prefix_can_be_cached() -> None:
    assert 1024 <= PROMPT.prefix_tokens <= 3000
    assert aliases(PROMPTS)["production"] == "lead_intent"


def test_every_label_and_slot_is_explained() -> None:
    for label in TAXONOMY.labels:
        assert f"{label.code} = {label.name}: {label.meaning}" in PROMPT.stable
    assert all(slot in PROMPT.stable for slot in TAXONOMY.slots)


def test_the_schema_is_strict_in_the_providers_sense() -> None:
    def check(schema: dict[str, object]) -> None:
        if schema["type"] == "object":
            properties = schema["properties"]
            assert isinstance(properties, dict)
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(properties)
            for one in properties.values():
                check(one)
        elif schema["type"] == "array":
            items = schema["items"]
            assert isinstance(items, dict)
            check(items)

    check(dict(PROMPT.schema))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("description:", "colour: red\ndescription:", "colour"),
        ("name: lead_intent", "name: other", "says name: other; it must be lead_intent"),
        ("guideline: 2", "guideline: 1", "guideline"),
        ("outputs: lead_intent_reply", "outputs: prose", "outputs"),
        ("temperature: 0", "temperature: 9", r"parameters\.temperature"),
        ("inputs: [labels, ", "inputs: [labels, weather, ", "nobody provides: weather"),
        ("inputs: [labels, slots, ", "inputs: [labels, ", "exactly what it uses; mend: slots"),
        ("{{ before | json }}", "[]", "exactly what it uses; mend: before"),
        ("# How to decide", "# How to decide {{ room }}", "differs in every request"),
        ("{{ messages | json }}", "{{ messages }}", "one JSON object"),
        (
            "{% for label in labels if label.lead %}",
            "{% for label in labels if label.code == 'PU' %}",
            "never explains the label PR",
        ),
        (
            "examples: lead_intent.examples.yaml",
            "examples: nowhere.yaml",
            r"nowhere\.yaml cannot be read",
        ),
        ("user:\n", "user:\nassistant:\n", "exactly system: and user:"),
        ("# How to decide", "{% if %}", "no Jinja"),
    ],
)
def test_a_wrong_prompt_is_refused_with_the_mend(
    folder: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(TemplateError, match=says):
        load_prompt(changed(folder, old, new), TAXONOMY)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("labels: [store_location]", "labels: [shop]", "of the taxonomy"),
        ('labels: [chatter], why: "rule 3"', "labels: [chatter, spam], why: x", "stands alone"),
        ("place: Ipoh", "place: Penang", "does not stand in it"),
        ("place: Ipoh", "town: Ipoh", "a slot that the taxonomy lacks"),
        ('why: "a claim"', 'because: "a claim"', "because"),
    ],
)
def test_a_wrong_example_is_refused(folder: Path, old: str, new: str, says: str) -> None:
    path = changed(folder, old, new, "lead_intent.examples.yaml")
    with pytest.raises(TemplateError, match=says):
        load_prompt(path, TAXONOMY)


def test_a_prefix_that_is_too_short_or_too_long_to_be_cached_is_refused(folder: Path) -> None:
    text = (folder / "lead_intent.prompty").read_text(encoding="utf-8")
    (folder / "lead_intent.prompty").write_text(
        text.replace("# Input\n", "# Input\n" + "many more words " * 500), encoding="utf-8"
    )
    with pytest.raises(TemplateError, match="1024 to 3000"):
        load_prompt(folder / "lead_intent.prompty", TAXONOMY)


def test_the_identity_follows_what_reaches_the_model_and_nothing_else(folder: Path) -> None:
    path = folder / "lead_intent.prompty"
    assert load_prompt(path, TAXONOMY).identity == PROMPT.identity
    changed(folder, "description: Decides", "description: Finds")
    changed(folder, "# How to decide", "{# for people #}# How to decide")
    changed(folder, 'why: "a claim"', 'why: "claims a piece"', "lead_intent.examples.yaml")
    assert load_prompt(path, TAXONOMY).identity == PROMPT.identity
    seen = {PROMPT.identity}
    for old, new, name in (
        ("You read what viewers write", "You read all that viewers write", "lead_intent.prompty"),
        ("mine! A07", "mine! A08", "lead_intent.examples.yaml"),
        ("temperature: 0", "temperature: 1", "lead_intent.prompty"),
        ('{"room":', '{ "room":', "lead_intent.prompty"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(
            text.replace(old, new).replace("A07", "A08")
            if "A08" in new
            else text.replace(old, new),
            encoding="utf-8",
        )
        seen.add(load_prompt(path, TAXONOMY).identity)
    assert len(seen) == 5


def test_a_missing_prompt_is_named_with_those_that_exist() -> None:
    with pytest.raises(TemplateError, match="there are: candidate, lead_intent, production"):
        load_alias(PROMPTS, "nothing", TAXONOMY)


def test_the_user_section_is_one_json_object() -> None:
    chat = PROMPT.chat({"offer": "tea"}, [{"text": "hi"}], [{"id": "k7w", "text": "how much?"}])
    assert [one["role"] for one in chat] == ["system", "user"]
    assert json.loads(chat[1]["content"]) == {
        "room": {"offer": "tea"},
        "before": [{"text": "hi"}],
        "messages": [{"id": "k7w", "text": "how much?"}],
    }
