"""``target_score < 0.8 and direction = a2b``: a bulk act's condition, never passed on as SQL.

Grammar: comparisons ``column operator value`` joined by ``and``, ``or``, ``not`` and parentheses.
Values are numbers, words or quoted texts; ``none`` stands for what isn't known.
"""

import re
from dataclasses import dataclass, field, replace

from edt_core.errors import UsageError
from edt_core.store.names import shown

NUMBERS = (
    *("id", "call", "source_score", "target_score", "source_rank", "anchor_position", "inserted"),
)
TEXTS = ("brand", "date", "price", "categories", "description")
"""Those of ``generated_text``."""
COLUMNS = (*NUMBERS, "verdict", "decision", "title", *TEXTS, "user", "direction")

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<quoted>"[^"]*"|'[^']*')|(?P<operator><=|>=|!=|==|<|>|=|~)|(?P<bracket>[()])
    |(?P<word>[\w.:+/-]+))""",
    re.VERBOSE,
)
_OPERATORS = {"=": "IS", "==": "IS", "!=": "IS NOT", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_DEEPEST = 50
_IN_EDITED_TITLE = """fields IS NOT NULL
    AND instr(lower(coalesce(json_extract(fields, '$.title'), '')), lower(?)) > 0"""


@dataclass
class Condition:
    """A condition as SQL with marks, and the values for the marks."""

    sql: str
    values: list[str | float | None] = field(default_factory=list)
    columns: frozenset[str] = frozenset()
    """Every column that a whole condition names."""


def parse(text: str) -> Condition:
    """The condition that ``text`` states, on the table ``generated``.

    Raises:
        UsageError: it isn't understood; says what was expected where.
    """
    reader = _Reader(text)
    condition = reader.alternatives(0)
    if reader.kind:
        raise reader.expected("'and' or 'or'")
    return replace(condition, columns=frozenset(reader.columns))


class _Reader:
    """Recursive descent over the tokens; ``kind`` and ``token`` are the next one's."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._next = 0
        self.kind = ""
        self.token = ""
        self.columns: set[str] = set()
        self._advance()

    def alternatives(self, depth: int) -> Condition:
        """``a or b or c``."""
        return self._joined("or", depth)

    def expected(self, what: str) -> UsageError:
        """An error at the present token."""
        found = shown(self.token) if self.kind else "the end"
        return UsageError(
            f"The condition has {found} at letter {self._at + 1}, where {what} was expected.",
            hint="Write it like: target_score < 0.8 and direction = a2b",
        )

    def _joined(self, word: str, depth: int) -> Condition:
        part = self._part(word, depth)
        parts = [part]
        while self._take_word(word):
            parts.append(self._part(word, depth))
        if len(parts) == 1:
            return part
        sql = f" {word.upper()} ".join(one.sql for one in parts)
        return Condition(f"({sql})", [value for one in parts for value in one.values])

    def _part(self, word: str, depth: int) -> Condition:
        return self._joined("and", depth) if word == "or" else self._single(depth)

    def _single(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise self.expected("less nesting")
        if self._take_word("not"):
            inner = self._single(depth + 1)
            return Condition(f"NOT {inner.sql}", inner.values)
        if self._take_bracket("("):
            inner = self.alternatives(depth + 1)
            if not self._take_bracket(")"):
                raise self.expected("')'")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        column = self.token.lower()
        if self.kind != "word" or column not in COLUMNS:
            raise self.expected(f"a column ({', '.join(COLUMNS)})")
        self.columns.add(column)
        self._advance()
        operator = self.token
        if self.kind != "operator":
            raise self.expected("one of < <= > >= = != ~")
        self._advance()
        if self.kind not in {"number", "quoted", "word"}:
            raise self.expected("a number or a text")
        condition = self._compared(column, operator)
        self._advance()
        return condition

    def _compared(self, column: str, operator: str) -> Condition:
        value: str | float | None = self.token[1:-1] if self.kind == "quoted" else self.token
        if self.kind == "word" and self.token.lower() in {"none", "null"}:
            value = None
        elif column in NUMBERS:
            value = self._as_number(column)
        if column in TEXTS:
            column = f"(SELECT t.{column} FROM generated_text t WHERE t.id = generated.id)"
        if operator == "~":
            found = f"instr(lower({column}), lower(?)) > 0"
            if column != "title":
                return Condition(found, [value])
            return Condition(f"({found} OR {_IN_EDITED_TITLE})", [value, value])
        sql = _OPERATORS[operator]
        if column == "direction":
            return Condition(f"target {sql} ?", [self._as_direction()])
        if column == "user":
            if sql not in {"IS", "IS NOT"}:
                raise self.expected("= or != before a user's id")
            inside = "IN" if sql == "IS" else "NOT IN"
            return Condition(
                f"user {inside} (SELECT id FROM user WHERE source_id = ?)",
                [value],
            )
        return Condition(f"{column} {sql} ?", [value])

    def _as_number(self, column: str) -> float:
        flags = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
        if self.kind == "word" and column == "inserted" and self.token.lower() in flags:
            return flags[self.token.lower()]
        if self.kind != "number":
            raise self.expected(f"a number for {column}")
        return float(self.token)

    def _as_direction(self) -> float:
        targets = {"b2a": 0.0, "a2b": 1.0}
        if self.token.lower() not in targets:
            raise self.expected("a2b or b2a")
        return targets[self.token.lower()]

    def _take_word(self, word: str) -> bool:
        if self.kind != "word" or self.token.lower() != word:
            return False
        self._advance()
        return True

    def _take_bracket(self, bracket: str) -> bool:
        if self.kind != "bracket" or self.token != bracket:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        if not self._text[self._next :].strip():
            self._at, self.kind, self.token = len(self._text.rstrip()), "", ""
            return
        match = _TOKEN.match(self._text, self._next)
        if match is None:
            rest = self._text[self._next :].lstrip()
            self._at, self.kind, self.token = len(self._text) - len(rest), "unknown", rest[:1]
            return
        self.kind = str(match.lastgroup)
        self.token = match[self.kind]
        self._at, self._next = match.start(self.kind), match.end()
