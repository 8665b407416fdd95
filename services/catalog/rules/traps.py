"""What goes wrong in real catalogs without looking wrong: repealed laws, laws of another matter, copied names."""

import re
from collections.abc import Iterator

from services.catalog.rules.sheets import Finding, Line

# What was cited for years after it ceased to be law or to exist, and what took its place.
_REPEALED = {
    "收养法": "已并入《民法典》(2021年1月1日起施行)",
    "婚姻法": "已并入《民法典》(2021年1月1日起施行)",
    "国务院令第492号": "已由国务院令第711号修订(2019年5月15日起施行)",
    "国令第492号": "已由国务院令第711号修订(2019年5月15日起施行)",
    "环境噪声污染防治法": "已由《噪声污染防治法》取代(2022年6月5日起施行)",
    "扶贫办": "已改为乡村振兴部门,现由农业农村部门承担",
}
# A statute, words of the items that it is wrongly cited for, and the statute that was meant.
_MISPLACED = (("城镇燃气管理条例", ("道路挖掘", "挖掘城市道路", "占用城市道路", "占道"), "城市道路管理条例"),)
_BODY = r"(?:人民政府|[一-龥]{0,10}(?:局|办|委|厅|中心|部门))"
_PLACE = re.compile(rf"(?:^|[;、,\n])(?P<place>(?![各本全该我])[一-龥]{{1,5}}[县区旗](?!级|域|政府部门))(?={_BODY})")


def traps(line: Line, place: str) -> Iterator[Finding]:
    """Warnings about one row. `place` is the name of the county that the catalog is for."""
    basis = line.cells.get("legal_basis", "")
    for old, now in _REPEALED.items():
        for key in ("legal_basis", "responsible_body"):
            if old in re.sub(r"\s", "", line.cells.get(key, "")):
                yield line.finding("warning", key, f"“{old}”{now},请核对。")
    name = "".join(line.cells.get(key, "") for key in ("level1_item", "level2_item", "level3_item", "content_elements"))
    for law, words, meant in _MISPLACED:
        if law in basis and meant not in basis and any(word in name for word in words):
            yield line.finding("warning", "legal_basis", f"《{law}》与该事项不符,可能应为《{meant}》。")
    for found in _PLACE.finditer(line.cells.get("responsible_body", "")):
        if found["place"] not in (place, "县", "区") and place not in found["place"]:
            yield line.finding("warning", "responsible_body", f"“{found['place']}”不是{place},可能是抄录其他县的目录。")
