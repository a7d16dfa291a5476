"""Text of models, tools and other people as a terminal may be given it."""

# Controls are shown as pictures; what reorders or hides text and the second set of controls, of
# which terminals obey some, as a replacement character. One character stays one character.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_HIDDEN = (
    *range(0x80, 0xA0),
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    *range(0xD800, 0xE000),
)
_SHOWN = _PICTURES | dict.fromkeys(_HIDDEN, 0xFFFD)
_IN_LINES = {code: shown for code, shown in _SHOWN.items() if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text in lines: no character of it moves the cursor, colours, or asks the terminal."""
    return text.translate(_IN_LINES)


def one_line(text: str, *, characters: int) -> str:
    """The same in one line, cut to a length."""
    cut = text[:characters].translate(_SHOWN)
    return f"{cut}…" if len(text) > characters else cut
