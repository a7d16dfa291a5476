"""What a page's HTML says, as the tests of this folder look at it."""

import re
from html import unescape

from tests.interfaces.admin.dom import parsed, words

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_SECRET = re.compile(r'id="secret"[^>]* value="([^"]+)"')
_ERROR = re.compile(r'<p class="error" id="([\w-]+)-error">([^<]*)</p>')


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the page's forms."""
    return dict(_HIDDEN.findall(html))


def secret(html: str) -> str:
    """What is shown this once."""
    [found] = _SECRET.findall(html)
    return unescape(found)


def errors(html: str) -> dict[str, str]:
    """The sentences below fields, by the field's name."""
    found = _ERROR.findall(html)
    return {name.removeprefix("field-"): unescape(text) for name, text in found}


def text(html: str) -> str:
    """What a reader reads, in one line."""
    return words(parsed(html))
