"""citizen_feedback: citizens ask about published documents, staff answer (回应关切).

Owns   response   one record per document: may citizens ask about it, and the version of its public replies
       question   what one citizen asked, the reply, and, reviewed apart, the wording that the public sees
Hears  publication.document.published, publication.document.withdrawn
Says   citizen_feedback.response.opened     citizens may ask about a document
       citizen_feedback.response.published  the public replies about a document changed

What a citizen wrote and left as a contact stays in `question`. The staff in charge see it and nobody else;
it is never part of an event, an audit row, a log line, a listing or a public answer
(《个人信息保护法》 art. 25, 《政府信息公开条例》 art. 15).
"""
