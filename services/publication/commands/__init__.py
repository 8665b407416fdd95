"""The acts on documents: the only place where publication's own rows change. One act, one transaction."""
