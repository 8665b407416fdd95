"""publication: the life of a document, from draft to withdrawal, and the listings that readers see.

Owns   documents, their editions and index numbers (索引号); the listings of county, towns and villages.
Hears  catalog (regions, organisations, items), policy_interpretation (interpretations), citizen_feedback
       (published replies), village_affairs (notices).
Says   publication.document.prepared, .published, .withdrawn.
"""
