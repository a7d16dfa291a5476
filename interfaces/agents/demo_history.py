"""What the demo model makes of pydantic-ai's messages."""

import re
from collections.abc import Iterable, Sequence
from typing import cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextContent,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)

from interfaces.agents.demo_answers import Conversation
from interfaces.agents.demo_telling import ToolResult


def conversation_of(messages: Iterable[ModelMessage]) -> Conversation:
    """The person's words, and what has come since the model spoke last."""
    said, answers, asked = list[str](), 0, False
    results, notes = list[ToolResult](), list[str]()
    stopped: int | None = None
    for message in messages:
        if isinstance(message, ModelResponse):
            answers += bool(message.text) and not message.tool_calls
            stopped = len((message.text or "").split()) if message.state == "interrupted" else None
            results, notes, asked = [], [], False
            continue
        for part in message.parts:
            if isinstance(part, ToolReturnPart):
                results.append(_result(part))
            elif told := _told(part, bool(said)):
                notes.append(told)
            elif isinstance(part, UserPromptPart):
                said.append(_text(part.content))
                asked = True
    return Conversation(
        said=tuple(said),
        messages=len(said) + answers,
        asked=asked,
        stopped_after_words=stopped,
        results=tuple(results),
        notes=tuple(notes),
    )


def input_tokens(messages: Iterable[ModelMessage]) -> int:
    """About four characters each, as the models of the great providers count."""
    return sum(len(text) for message in messages for text in _texts(message)) // 4


def _texts(message: ModelMessage) -> list[str]:
    if isinstance(message, ModelResponse):
        return [message.text or "", *(call.args_as_json_str() for call in message.tool_calls)]
    texts = [message.instructions or ""]
    for part in message.parts:
        if isinstance(part, ToolReturnPart):
            texts.append(part.model_response_str())
        elif isinstance(part, UserPromptPart | SystemPromptPart):
            texts.append(_text(part.content))
    return texts


def _told(part: ModelRequestPart, begun: bool) -> str:
    """What the system says amid a conversation; pydantic-ai may frame it as the user's words."""
    if isinstance(part, SystemPromptPart):
        return part.content if begun else ""
    if isinstance(part, UserPromptPart) and isinstance(part.content, str):
        framed = re.fullmatch(r"\s*<system[^>]*>(.*)</system>\s*", part.content, re.DOTALL)
        return framed[1].strip() if framed else ""
    return ""


def _result(part: ToolReturnPart) -> ToolResult:
    text = part.model_response_str(wrap_if_error=False)
    return ToolResult(part.tool_name, text, part.outcome, pending=_is_pending(part.metadata))


def _is_pending(metadata: object) -> bool:
    """What people are told of the result says whether there is one."""
    said = cast("dict[str, object]", metadata) if isinstance(metadata, dict) else {}
    return said.get("status") == "pending"


def _text(content: str | Sequence[UserContent]) -> str:
    if isinstance(content, str):
        return content
    texts = [
        item if isinstance(item, str) else item.content if isinstance(item, TextContent) else ""
        for item in content
    ]
    attachments = texts.count("")
    said = "\n".join(filter(None, texts))
    return f"{said} [{attachments} attached]" if attachments else said
