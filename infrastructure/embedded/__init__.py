"""Real PostgreSQL and Valkey as the default that needs no set-up: started, shared and stopped here.

    with EmbeddedPostgres(".threadlog") as postgres, EmbeddedValkey(".threadlog") as valkey:
        postgres.url        # postgresql://threadlog:…@/threadlog?host=…
        postgres.owner_url  # the same as superuser, for migrations
        valkey.url          # unix:///…/valkey.sock?db=0

Both listen on a unix socket only. Every process may start them: the first one does, the others
attach, and whichever way the last one ends, the servers end too. Needs POSIX (flock) and nothing
but the standard library.
"""

from infrastructure.embedded.errors import EmbeddedServerError
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedServerError", "EmbeddedValkey"]
