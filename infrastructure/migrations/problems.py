"""Why the schema cannot be brought up to date, or is not good enough to start on."""


class SchemaProblem(Exception):
    """The message says what to do; it is meant for the person who starts Threadlog."""


class ServerTooOld(SchemaProblem):
    """Threadlog needs PostgreSQL 16 or later."""


class RolesMissing(SchemaProblem):
    """The roles of Threadlog do not exist and this login may not create them."""


class MigrationChanged(SchemaProblem):
    """A migration that this database has applied differs from the file of the same name."""


class SchemaIsOld(SchemaProblem):
    """The database's schema is older than this version of Threadlog."""


class DatabasesDiffer(SchemaProblem):
    """The owner's URL and the runtime's URL lead to different databases."""


class MigrationBusy(SchemaProblem):
    """Another process has been migrating this database for too long."""
