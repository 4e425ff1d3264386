"""The prompts of Appendix A.1, rendered from templates with named slots.

The system message is the same for many requests, so that providers' prefix caches pay.
Texts from data come in quoted, cleaned and cut: a title can't end its quotation.
"""

import json
from collections.abc import Sequence
from functools import cache
from string import Template
from typing import Any, get_args

from pydantic import BaseModel

from edt_core.data.catalogue import ItemText
from edt_core.data.sequences import Domain
from edt_core.llm.replies import GeneratedItems, clean
from edt_core.llm.templating import Templates, packaged

PACKAGED = packaged()
UNKNOWN = "unknown"
LONGEST_TITLE = 300
LONGEST_ATTRIBUTE = 100
LONGEST_PASSAGE = 512
LONGEST_NAME = 100
"""A title in a list of titles."""


def item_prompt(domain_name: str, text: ItemText, templates: Templates = PACKAGED) -> str:
    """One item as the text that is embedded.

    Paper: A.1, Item Prompt Template; features are the categories.
    Choice: a missing attribute, or one over 100 letters, is ``unknown``; the title is cut at 300
    letters, features and description at 512, at a word. An item without any text gets the same
    sentence with unknowns, so that its vector is never zero.
    """
    slots = {
        "domain": clean(domain_name, LONGEST_NAME),
        "title": clean(text.title, LONGEST_TITLE) or UNKNOWN,
        "brand": _attribute(text.brand),
        "date": _attribute(text.date),
        "price": _attribute(text.price),
        "features": clean("; ".join(text.categories), LONGEST_PASSAGE) or UNKNOWN,
        "description": clean(text.description, LONGEST_PASSAGE) or UNKNOWN,
    }
    _, prompt = templates.filled("item", slots)
    return prompt


def sample_line(text: ItemText) -> str:
    """An item as one line of a generation prompt: its known attributes as a JSON object."""
    record = {
        "title": clean(text.title, LONGEST_TITLE) or UNKNOWN,
        "brand": _attribute(text.brand),
        "date": _attribute(text.date),
        "price": _attribute(text.price),
        "categories": [clean(name, LONGEST_ATTRIBUTE) for name in text.categories[:20]],
        "description": clean(text.description, LONGEST_PASSAGE) or UNKNOWN,
    }
    return json.dumps(record, ensure_ascii=False)


def generation_prompt(
    domain_names: Sequence[str],
    target: Domain,
    *,
    user: int,
    source_samples: Sequence[str],
    target_samples: Sequence[str],
    n_generate: int,
    templates: Templates = PACKAGED,
) -> tuple[str, str]:
    """System message and prompt that ask for new items of the domain ``target``.

    Paper: A.1, Generation Prompt Template: a data description, the representative samples of both
    domains with the generation principle, and the format instruction.
    Choice: all that is the same for every user stands in the system message, the samples last; a
    user is named by an index, not by the source's id; without a sample it says "(none)".

    Args:
        domain_names: The real names of A and B.
        target: The domain that items are generated for.
        user: The user's index.
        source_samples: ``sample_line`` of the user's representatives in the other domain.
        target_samples: The same in the target domain.
        n_generate: How many items are asked for.
        templates: Among them ``generate``.
    """
    names = [clean(name, LONGEST_NAME) for name in domain_names]
    slots = {
        "domain_a": names[Domain.A],
        "domain_b": names[Domain.B],
        "source": names[target.other],
        "target": names[target],
        "n": str(n_generate),
        "format": format_instruction(GeneratedItems),
        "user": str(user),
        "source_samples": "\n".join(source_samples) or "(none)",
        "target_samples": "\n".join(target_samples) or "(none)",
    }
    return templates.filled("generate", slots)


def summary_prompt(
    domain_name: str, titles: Sequence[str], templates: Templates = PACKAGED
) -> tuple[str, str]:
    """System message and prompt that ask for a conclusion on one cluster of one domain.

    Paper: A.1, Summarize-Reform Prompt Template.
    Differs: the ManualPrompt stands in the analysis, not here, and no user is named: so the prompt
    depends on the items alone, and users with equal clusters share one answer.
    """
    slots = {"domain": clean(domain_name, LONGEST_NAME), "titles": quoted(titles, LONGEST_NAME)}
    return templates.filled("summarize", slots)


def manual_note(
    domain_names: Sequence[str], ratio_bin: int, larger: Domain, templates: Templates = PACKAGED
) -> str:
    """The manual description of how imbalanced a user is.

    Paper: 3.4.2, one of "5 manually constructed options according to the value of r".
    Choice: the paper prints none of them; ours stand in ``manual.txt``, one a line.
    """
    option = Template(templates.source("manual").splitlines()[ratio_bin])
    names = [clean(name, LONGEST_NAME) for name in domain_names]
    return option.substitute(larger=names[larger], smaller=names[larger.other])


def reform_prompt(
    domain_names: Sequence[str], manual: str, templates: Templates = PACKAGED
) -> tuple[str, str]:
    """System message and prompt that ask to rewrite a manual note with the domains' background.

    Paper: 3.4.2, R is "reforming by powerful LLMs with the corresponding domain background".
    """
    names = [clean(name, LONGEST_NAME) for name in domain_names]
    slots = {"domain_a": names[Domain.A], "domain_b": names[Domain.B], "manual": manual}
    return templates.filled("reform", slots)


def analysis_prompt(
    domain_names: Sequence[str],
    summaries_a: Sequence[str],
    summaries_b: Sequence[str],
    reform: str,
    templates: Templates = PACKAGED,
) -> tuple[str, str]:
    """System message and prompt that ask for the cross-domain preference.

    Paper: 3.4.2 and A.1, all conclusions on A and on B with R.
    """
    names = [clean(name, LONGEST_NAME) for name in domain_names]
    slots = {
        "domain_a": names[Domain.A],
        "domain_b": names[Domain.B],
        "summaries_a": quoted(summaries_a, LONGEST_PASSAGE),
        "summaries_b": quoted(summaries_b, LONGEST_PASSAGE),
        "reform": quoted([reform], LONGEST_PASSAGE),
    }
    return templates.filled("analyze", slots)


def plain_prompt(
    domain_names: Sequence[str], titles: Sequence[str], templates: Templates = PACKAGED
) -> tuple[str, str]:
    """System message and prompt of the naive profile.

    Paper: 4.3 and B.1, "w/o S-R-A": one plain summary of the user's items.
    """
    names = [clean(name, LONGEST_NAME) for name in domain_names]
    slots = {
        "domain_a": names[Domain.A],
        "domain_b": names[Domain.B],
        "titles": quoted(titles, LONGEST_NAME),
    }
    return templates.filled("plain", slots)


def quoted(texts: Sequence[str], limit: int) -> str:
    """Texts from data, one a line, each as a JSON string of at most ``limit`` letters."""
    lines = [json.dumps(clean(text, limit) or UNKNOWN, ensure_ascii=False) for text in texts]
    return "\n".join(lines) or "(none)"


@cache
def format_instruction(answer: type[BaseModel]) -> str:
    """The JSON that an answer must be, as an example derived from its model."""
    return json.dumps(_example(answer), ensure_ascii=False)


def _example(answer: type[BaseModel]) -> dict[str, Any]:
    example: dict[str, Any] = {}
    for name, field in answer.model_fields.items():
        entries = get_args(field.annotation)
        if entries and isinstance(entries[0], type) and issubclass(entries[0], BaseModel):
            example[name] = [_example(entries[0])]
        else:
            slot = f"<{field.description or name}>"
            example[name] = [slot] if entries else slot
    return example


def _attribute(text: str) -> str:
    """A short attribute, or ``unknown`` for a missing or an overlong one (LLM4CDSR's rule)."""
    return clean(text, 4 * LONGEST_ATTRIBUTE) if 0 < len(text) <= LONGEST_ATTRIBUTE else UNKNOWN
