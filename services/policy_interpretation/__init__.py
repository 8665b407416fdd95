"""policy_interpretation: the explanations (政策解读) that are owed to published documents.

Owns   interpretations, and the duty of each document to have one within its time limit.
Hears  publication.document.prepared, .published, .withdrawn.
Says   policy_interpretation.duty.opened; policy_interpretation.interpretation.ready, .published, .withdrawn.

三同步: a document and its interpretation are drafted, reviewed and published together. An interpretation
that is approved before its document is live waits as `ready`, and becomes public with it; one approved later
is released by hand.
"""
