"""catalog: what must be public, where and by whom (基层政务公开事项标准目录), and whether it is.

Owns   regions (行政区划) from the province down, responsible bodies (公开主体), fields (领域) and disclosure items
       (公开事项) of the standard and local ones, with their time limits and content templates, and which of them
       correspond; the negative list (负面清单); coverage and duties by what has been published, and their sums.
Hears  publication.document.published, .withdrawn; village_affairs.notice.published, .withdrawn.
Says   catalog.region.changed, catalog.organisation.changed, catalog.item.changed, catalog.template.changed,
       catalog.correspondence.changed, catalog.reminder.issued.
"""
