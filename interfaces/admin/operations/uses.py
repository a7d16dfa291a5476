"""Charts of what was used: tokens and cost of each model, and how each tool's calls ended."""

from collections.abc import Sequence

from interfaces.admin.charts.axis import compact
from interfaces.admin.charts.rows import Parts, Row, rows
from interfaces.admin.charts.shapes import Chart, Table
from interfaces.admin.formats import count, money, share
from projections.figures import ModelUse, ToolUse


def tokens_chart(models: Sequence[ModelUse], *, within: str) -> Chart:
    """Input and output, the model with the most tokens first."""
    used = sorted(models, key=_tokens, reverse=True)
    used = [use for use in used if _tokens(use)]
    read, written = sum(u.input_tokens for u in used), sum(u.output_tokens for u in used)
    return rows(
        "tokens",
        title="Tokens per model",
        description=(
            f"In the last {within} {count(read)} tokens were read and {count(written)} written"
            f" by {_several(len(used), 'model')}."
        ),
        parts=Parts(("Input", "Output"), (1, 3), count),
        shown=[
            Row(use.model, (use.input_tokens, use.output_tokens), compact(_tokens(use)))
            for use in used
        ],
        table=Table(
            ("Model", "Answers", "Input", "Output"),
            [
                (use.model, count(use.answers), count(use.input_tokens), count(use.output_tokens))
                for use in used
            ],
        ),
    )


def cost_chart(models: Sequence[ModelUse], *, within: str) -> Chart:
    """At list prices, the dearest first. Answers whose price is not known are in the table."""
    used = sorted(models, key=lambda use: use.cost_microdollars, reverse=True)
    used = [use for use in used if use.cost_microdollars or use.unpriced]
    whole, unpriced = sum(u.cost_microdollars for u in used), sum(u.unpriced for u in used)
    but = f" The price of {_several(unpriced, 'answer')} is not known." if unpriced else ""
    return rows(
        "cost",
        title="Cost per model",
        description=f"In the last {within} the models cost {money(whole)} at list prices.{but}",
        parts=Parts(("Cost",), (1,), money),
        shown=[Row(use.model, (use.cost_microdollars,), _told(use)) for use in used],
        table=Table(
            ("Model", "Answers", "Cost", "Price not known"),
            [
                (use.model, count(use.answers), money(use.cost_microdollars), count(use.unpriced))
                for use in used
            ],
        ),
    )


def tools_chart(tools: Sequence[ToolUse], *, within: str) -> Chart:
    """The tool that is used most first; each row is all of its calls."""
    calls, failed = sum(use.ended for use in tools), sum(use.failed for use in tools)
    return rows(
        "tools",
        title="Success of tools",
        description=(
            f"In the last {within} {_several(calls, 'call')} of tools came to an end"
            f" without being cancelled, of which {count(failed)} failed."
        ),
        parts=Parts(("Completed", "Failed", "Cancelled"), (2, 4, 5), count),
        shown=[
            Row(use.tool, (use.completed, use.failed, use.cancelled), _succeeded(use))
            for use in tools
        ],
        table=Table(
            ("Tool", "Completed", "Failed", "Cancelled", "Success"),
            [
                (
                    use.tool,
                    count(use.completed),
                    count(use.failed),
                    count(use.cancelled),
                    share(use.completed, use.ended),
                )
                for use in tools
            ],
        ),
        as_shares=True,
    )


def _several(n: int, what: str) -> str:
    return f"{count(n)} {what}" if n == 1 else f"{count(n)} {what}s"


def _tokens(use: ModelUse) -> int:
    return use.input_tokens + use.output_tokens


def _told(use: ModelUse) -> str:
    return "price not known" if use.unpriced == use.answers else money(use.cost_microdollars)


def _succeeded(use: ToolUse) -> str:
    return f"{share(use.completed, use.ended)} of {compact(use.ended)}"
