"""Pages, as their tests read them."""

import re
from html import unescape

import httpx


def page(client: httpx.Client, address: str, status: int = 200) -> str:
    """Ask for a page."""
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def text(html: str) -> str:
    """Return the words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def table(html: str, below: str = "") -> dict[str, list[str]]:
    """Return the rows of a page's first table below a heading's id: what their cells say, by their head."""
    body = html[html.index(f'id="{below}"') if below else 0 :].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.split(r"</t[hd]>", row)[:-1] for row in body.split("</tr>")[:-1]]
    return {text(cells[0]): [text(cell) for cell in cells[1:]] for cells in rows}


def links(html: str, words: str) -> list[str]:
    """Return where the links lead whose text is this."""
    found = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    return [unescape(address) for address, inside in found if text(inside) == words]
