"""A conversation as pages show it: folded from the log to any position, and on from there.

A page: `shown = Shown(await conversation_at(log, thread_id, moment), read_only=…)`, then
`await shown.typeset()`, `shown.html()`, and `shown.place(…)` for title, status, queue and actions.
A stream goes on: `shown.conversation.apply(recorded)`, then `shown.patches()`.
"""
