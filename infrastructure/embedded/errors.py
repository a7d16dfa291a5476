"""Why an embedded server cannot be used; each message is for the person at the terminal."""


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL or Valkey cannot be used."""


class ProgramNotFound(EmbeddedServerError):
    """There is no PostgreSQL or Valkey program on this machine."""


class PostgresTooOld(EmbeddedServerError):
    """The PostgreSQL that was found is older than Threadlog supports."""


class OtherMajorVersion(EmbeddedServerError):
    """The data folder was made by another major version of PostgreSQL."""


class NoServiceAccount(EmbeddedServerError):
    """There is no user that the server could run as."""


class FolderRefused(EmbeddedServerError):
    """A folder belongs to somebody else, or is closed to the server's user."""


class PasswordMissing(EmbeddedServerError):
    """The file with a database password is not there."""


class ServerDidNotStart(EmbeddedServerError):
    """The server ended, or did not become ready, or an old one did not end in time."""
