"""The five services. Each owns its data and says what happened to it; none imports or calls another.

catalog                what must be public, by whom, how soon, and whether it is (公开事项标准目录)
publication            the life of a document: draft, review, publish, correct, withdraw; the listings
policy_interpretation  explanations that are owed to published documents (政策解读)
citizen_feedback       questions about documents and the replies to them (回应关切)
village_affairs        village notices and village boards (村务公开)
"""

NAMES = ("catalog", "publication", "policy_interpretation", "citizen_feedback", "village_affairs")
