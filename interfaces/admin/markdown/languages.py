"""What is a comment, a string and a keyword in the languages that models write most.

An expression that has begun takes what follows to its end or to the text's, so that no code makes
it look twice.
"""

import re
from dataclasses import dataclass
from functools import cache

_DOUBLE = r'"(?:[^"\\\n]|\\.)*+"?'
_QUOTED = _DOUBLE + r"|'(?:[^'\\\n]|\\.)*+'?"
_CHARACTER = _DOUBLE + r"|'(?:[^'\\\n]|\\.[^'\n]{0,8})'"  # 'a alone is a lifetime in Rust
_BACKTICK = r"|`(?:[^`\\]|\\[\s\S])*+`?"
_TRIPLE = r'"""[\s\S]*?(?:"""|\Z)' + r"|'''[\s\S]*?(?:'''|\Z)|"
_STARRED = r"/\*[\s\S]*?(?:\*/|\Z)"
_SLASH = r"//[^\n]*|" + _STARRED
_HASH = r"(?<!\S)\#[^\n]*"
_DASH = r"--[^\n]*"
_KEY = r'(?m:^)[ \t]*+(?:-[ ])?[ \t]*+[\w."/-]++(?=[ ]?[:=](?:\s|\Z))'
_NEVER = r"(?!)"


@dataclass(frozen=True)
class Language:
    """Regular expressions for what is marked, and the words that are keywords."""

    comment: str
    string: str = _QUOTED
    name: str = _NEVER
    keyword: str = r"[A-Za-z_]\w*+"  # what may be one: without `keywords` all of it is
    keywords: frozenset[str] = frozenset()

    @property
    def pattern(self) -> str:
        """One expression whose groups are named for the elements that mark them."""
        named = {"i": self.comment, "em": self.name, "u": self.string, "b": self.keyword}
        return "|".join(f"(?P<{tag}>{expression})" for tag, expression in named.items())


def _words(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


_FLOW = """if else for while do break continue return switch case default try catch finally throw
    class struct enum interface public private protected static const new this super import
    true false null void"""

_C = _words(
    _FLOW,
    """abstract auto bool boolean byte char define double endif extends extern final float goto
    ifdef implements include inline instanceof int long namespace nullptr operator override package
    short sizeof string template throws typedef union unsigned using var virtual function echo""",
)
_SCRIPT = _words(
    _FLOW,
    """any as async await boolean declare delete export extends from function implements in
    instanceof keyof let number of readonly string type typeof undefined unknown var yield""",
)
_MODERN = _words(
    _FLOW,
    """as async await bool byte chan companion crate data defer dyn error Err extension fallthrough
    fn fun func go guard impl in init int is let loop map match mod move mut nil None object Ok
    override package protocol pub range ref sealed select self Self Some string throws trait type
    unsafe use val var when where""",
)
_PYTHON = _words(
    """and as assert async await break case class continue def del elif else except False finally
    for from global if import in is lambda match None nonlocal not or pass raise return self True
    try while with yield"""
)
_SHELL = _words(
    """and begin break case class def do done echo elif else elsif end ensure esac exit export
    false fi for function if in library local module next nil not or puts repeat require rescue
    return self set source then true unless until while yield"""
)
_SQL = _words(
    """add all alter and as asc avg begin between bigint boolean by case column commit constraint
    count create cross default delete desc distinct drop else end exists false foreign from full
    group having in index inner insert int integer into is join jsonb key left like limit max min
    not null offset on or order outer primary recursive references returning right rollback select
    set sum table text then timestamp timestamptz true union unique update uuid values view when
    where with"""
)
_LUA = _words(
    """and break do else elseif end false for function goto if in local nil not or repeat return
    then true until while"""
)

_LANGUAGES = {
    "c cpp c++ h hpp java cs csharp c# php": Language(_SLASH, keywords=_C),
    "javascript js jsx mjs typescript ts tsx": Language(
        _SLASH, _QUOTED + _BACKTICK, keywords=_SCRIPT
    ),
    "go golang rust rs kotlin kt swift scala zig dart": Language(
        _SLASH, _CHARACTER + _BACKTICK, keywords=_MODERN
    ),
    "python py python3": Language(
        _HASH, _TRIPLE + _QUOTED, name=r"(?<!\S)@[\w.]++", keywords=_PYTHON
    ),
    "bash sh shell zsh console ruby rb r perl elixir": Language(_HASH, keywords=_SHELL),
    "sql postgresql postgres sqlite mysql": Language(
        _DASH + "|" + _STARRED, keywords=_SQL | {word.upper() for word in _SQL}
    ),
    "lua": Language(_DASH, keywords=_LUA),
    "yaml yml toml ini conf properties": Language(
        _HASH, name=_KEY, keywords=_words("true false null yes no")
    ),
    "json jsonc json5": Language(_SLASH, _DOUBLE, keywords=_words("true false null")),
    "html xml svg vue": Language(
        r"<!--[\s\S]*?(?:-->|\Z)", r'(?<==)"[^"\n]*+"?', keyword=r"</?[A-Za-z][\w:.-]*+"
    ),
    "css scss": Language(_STARRED, keyword=r"@[\w-]++|(?<![\w-])[\w-]++(?=:[ ])"),
    "dockerfile docker makefile make": Language(_HASH, keyword=r"(?m:^)[A-Za-z_.-]++(?=[ :])"),
    "diff patch": Language(r"(?m:^)@@[^\n]*", _NEVER, keyword=_NEVER),
}


@cache
def _by_name() -> dict[str, Language]:
    return {name: language for names, language in _LANGUAGES.items() for name in names.split()}


def language_named(name: str) -> Language | None:
    """The language of that name, in whatever case; None: nothing is known about it."""
    return _by_name().get(name.lower())


@cache
def pattern(language: Language) -> re.Pattern[str]:
    return re.compile(language.pattern)
