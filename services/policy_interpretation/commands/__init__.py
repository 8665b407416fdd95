"""The acts on interpretations and duties: the only place where they change.

One act is one transaction with one audit row and at most one event. Every act locks the document first and
the interpretation after it, in the order of the listeners: so an approval and the publication of the document
follow one another, and no interpretation stays `ready` behind a live document.
"""
