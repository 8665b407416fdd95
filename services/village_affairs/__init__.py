"""village_affairs: what villages publish themselves, and the boards on which they read everything (村务公开).

Owns   notices of villages, and the boards that merge them with the documents that reach a village.
Hears  catalog.region.changed, catalog.item.changed, publication.document.published, .withdrawn.
Says   village_affairs.notice.published, .withdrawn, village_affairs.listing.synced.

A notice takes the way of 《山东省村务公开条例》 art. 11: the village committee drafts it, the supervision
committee gives its opinion, the joint meeting of party branch and village committee decides, and the village
publishes.
"""
