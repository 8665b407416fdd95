"""Village affairs (村务公开): what villages publish themselves, and the boards on which they read everything.

Owns:  notices of villages, and the boards that merge them with the documents that reach a village.
Hears: catalog (regions, items), publication (documents published and withdrawn).
Says:  NoticePublished, NoticeWithdrawn, ListingSynced.

A notice takes the way of 《山东省村务公开条例》 art. 11: the village committee drafts it, the supervision
committee gives its opinion, the joint meeting of party branch and village committee decides, and the village
publishes.
"""
