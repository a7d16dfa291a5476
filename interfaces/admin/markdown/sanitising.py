"""The only HTML that rendered Markdown may hold.

The renderer writes no other; this is the second lock, and adds to links what they must have.
"""

from functools import cache

import nh3

_TAGS = """p h3 h4 h5 h6 ul ol li blockquote hr br pre code em strong s a span
    table thead tbody tr th td b i u ins del"""


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags={"script", "style", "iframe", "object", "template", "noscript"},
        attributes={
            "a": {"href"},
            "ol": {"start"},
            "pre": {"data-lang"},
        },
        tag_attribute_values={"pre": {"tabindex": {"0"}}, "table": {"tabindex": {"0"}}},
        allowed_classes={
            "code": {"hl"},
            "pre": {"plain"},
            "span": {"host"},
            "td": {"c", "r"},
            "th": {"c", "r"},
        },
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        generic_attribute_prefixes=set(),
    )


def clean(html: str) -> str:
    """`html` without anything that is not on the list above."""
    return _cleaner().clean(html)
