"""The database's schema: numbered SQL files, applied once each, by whichever process is first."""

from infrastructure.migrations.runner import check_schema, migrate, pending

__all__ = ["check_schema", "migrate", "pending"]
