"""The acts of catalog: the only place where its own rows change. One act, one transaction."""
