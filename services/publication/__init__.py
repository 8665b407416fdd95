"""publication: the life of a document, from draft to withdrawal, and the listings that readers see.

Owns   documents, their editions and index numbers (索引号); the listings of county, towns and villages.
Hears  catalog.region.changed, catalog.organisation.changed, catalog.item.changed, catalog.template.changed,
       policy_interpretation.interpretation.ready, .published, .withdrawn, citizen_feedback.response.published,
       village_affairs.notice.published, .withdrawn.
Says   publication.document.prepared, .published, .withdrawn.
"""
