"""Analysts: logins of the database that see the schema `analytics`, and what bounds them."""

from infrastructure.analysts.logins import (
    Analyst,
    AnalystHasObjects,
    LoginExists,
    NewAnalyst,
    NoSuchAnalyst,
    create,
    drop,
    excess_of,
    list_all,
    shut_out,
)
from infrastructure.analysts.watch import AnalystWatch

__all__ = [
    "Analyst",
    "AnalystHasObjects",
    "AnalystWatch",
    "LoginExists",
    "NewAnalyst",
    "NoSuchAnalyst",
    "create",
    "drop",
    "excess_of",
    "list_all",
    "shut_out",
]
