"""What a field of a content template (专项公开内容模板) may hold, by its type.

Catalog turns it into JSON Schema, publication checks what clerks enter; a contract test compares the two.
"""

from typing import Literal

ColumnType = Literal["text", "integer", "number", "money", "date", "choice", "link", "phone"]
"""What one value may be. The ledgers and lists that are published (三资台账, 补贴发放名单) need no other type."""

FieldType = Literal[ColumnType, "table"]
"""A field is a value, or a table: a list of records, published entry by entry (逐项逐笔)."""

NAME = r"^[a-z][a-z0-9_]{0,39}$"

LONGEST_TEXT = 2_000
USUAL_TEXT = 200
LARGEST_NUMBER = 10**12
MOST_DECIMALS = 6
USUAL_DECIMALS = 2
MOST_FIELDS = 40
MOST_COLUMNS = 20
MOST_ROWS = 500
LARGEST_CONTENT = 64 * 1024
"""Bytes of a template or of what is entered into it; an event carries four times as much."""

# As JSON Schema and Python both read them.
NOT_BLANK = r"\S"
MONEY = r"^-?(0|[1-9][0-9]{0,11})\.[0-9]{2}$"
MONEY_NOT_NEGATIVE = r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
LINK = r"^https?://[^\s\"'<>]{3,480}$"
PHONE = r"^(?!1[3-9][0-9]{9}$)[0-9]{3,12}(-[0-9]{3,8}){0,2}$"
"""A telephone of an office: a mobile number is somebody's own."""
