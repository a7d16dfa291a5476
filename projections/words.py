"""Words: how texts, and what people look for, are made alike before they are compared."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

KEPT_BELOW = 0x10000  # characters whose folding is remembered; the others are many and rare

_WORD = re.compile(r"\S+")
_OPERATOR = re.compile(r'("|(?<!\S)-(?=\S))')
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True)
class Fragment:
    """A piece of a text; `match` where it is a word that was looked for."""

    text: str
    match: bool


def normal(text: str) -> str:
    """One spelling of what looks the same (Unicode's NFC)."""
    return unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Letters, digits and marks in one case, a space in place of every other character.

    As long as the text, character by character. PostgreSQL's own parser would hide words inside
    paths, addresses and markup, and what is a letter would depend on the database's locale.
    """
    return text.translate(_FOLD)


def query_of(question: str) -> str:
    """For `websearch_to_tsquery`: words, double quotes, and a minus before a word; or nothing."""
    parts = _OPERATOR.split(normal(question))
    query = "".join(part if place % 2 else folded(part) for place, part in enumerate(parts))
    return " ".join(query.split()) if query.strip(' "-') else ""


def words_of(query: str) -> list[str]:
    """The words that a text may be found by, each once, in order; not those after a minus."""
    found: dict[str, None] = {}
    for minus, phrase, word in _TERM.findall(query):
        if not minus and word != "or":
            found.update(dict.fromkeys((phrase or word).split()))
    return list(found)


def fragments(text: str, words: Collection[str]) -> list[Fragment]:
    """The text in pieces, in order, nothing left out."""
    pieces: list[Fragment] = []
    done = 0
    for word in _WORD.finditer(folded(text)):
        if word[0] in words:
            if done < word.start():
                pieces.append(Fragment(text[done : word.start()], match=False))
            pieces.append(Fragment(text[word.start() : word.end()], match=True))
            done = word.end()
    if done < len(text):
        pieces.append(Fragment(text[done:], match=False))
    return pieces


class _Folding(dict[int, int]):
    """Code points by code point, made when they are first met."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        if character.isalnum() or unicodedata.category(character).startswith("M"):
            one_case = character.casefold()
            folded = ord(one_case) if len(one_case) == 1 else code
        else:
            folded = ord(" ")
        if code < KEPT_BELOW:
            self[code] = folded
        return folded


_FOLD = _Folding()
