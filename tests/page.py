"""Reads a page that nsprobe wrote, and says what is wrong with it: form, and what those need who
cannot see it or use no pointer. No browser is needed."""
import html.parser
import re

VOID = {"meta", "br", "hr", "img", "link", "input"}
# what may stand in a page that loads nothing and runs nothing
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p",
            "nav", "ul", "li", "main", "section", "article", "dl", "dt", "dd", "details", "summary",
            "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "footer",
            "svg", "desc", "g", "rect", "text", "line", "path", "circle"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "title",
              "tabindex", "role", "scope", "viewbox", "width", "height", "x", "y", "x1", "x2", "y1",
              "y2", "cx", "cy", "r", "rx", "d", "fill-opacity", "text-anchor", "data-id",
              "data-severity", "data-address", "aria-label", "aria-labelledby"}


class Page(html.parser.HTMLParser):
    """The page as flat lists; .errors are lines of text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.errors = []
        self.stack = []
        self.elements = []  # (name, attributes, parents)
        self.texts = {}     # index of an element: its text
        self.feed(text)
        self.close()
        if self.stack:
            self.errors.append(f"not closed: {[self.elements[i][0] for i in self.stack]}")

    def handle_starttag(self, tag, attrs):
        if tag not in ELEMENTS:
            self.errors.append(f"{self.getpos()}: element {tag}")
        keys = [k for k, _ in attrs]
        if len(set(keys)) != len(keys):
            self.errors.append(f"{self.getpos()}: an attribute twice: {attrs}")
        for key, value in attrs:
            if key not in ATTRIBUTES or value is None:
                self.errors.append(f"{self.getpos()}: attribute {key}={value!r}")
        self.elements.append((tag, dict(attrs), [self.elements[i][0] for i in self.stack]))
        self.texts[len(self.elements) - 1] = ""
        if tag not in VOID:
            self.stack.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.elements[self.stack[-1]][0] != tag:
            self.errors.append(f"{self.getpos()}: </{tag}> out of place")
            return
        self.stack.pop()

    def handle_data(self, data):
        for i in self.stack:
            self.texts[i] += data

    def handle_comment(self, data):
        self.errors.append(f"{self.getpos()}: comment {data!r}")

    def unknown_decl(self, data):
        self.errors.append(f"{self.getpos()}: declaration {data!r}")

    def handle_pi(self, data):
        self.errors.append(f"{self.getpos()}: instruction {data!r}")

    def all(self, tag, **attributes):
        """(attributes, text) of each such element."""
        return [(a, self.texts[i]) for i, (t, a, _) in enumerate(self.elements)
                if t == tag and all(a.get(k) == v for k, v in attributes.items())]


def access_errors(page):
    """What a screen reader or a keyboard would stumble over, as lines of text."""
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    twice = {i for i in ids if ids.count(i) > 1}
    if twice:
        yield f"ids twice: {sorted(twice)}"
    for tag, a, parents in page.elements:
        if tag == "a" and (a.get("href", "")[:1] != "#" or a["href"][1:] not in ids):
            yield f"link to {a.get('href')}"
        for i in a.get("aria-labelledby", "").split():
            if i not in ids:
                yield f"labelled by {i}, which is not there"
        if tag == "svg" and not (a.get("role") and (a.get("aria-label") or
                                                    a.get("aria-labelledby"))):
            yield "a picture without role and label"
        if tag in ("section", "nav") and not (a.get("aria-label") or a.get("aria-labelledby")):
            yield f"{tag} without a label"
        if tag == "th" and a.get("scope") not in ("col", "row"):
            yield "a table header without scope"
        if a.get("tabindex") not in (None, "0"):
            yield f"an order of its own for the keyboard: {a['tabindex']}"
        if tag == "div" and "tabindex" in a and not (a.get("role") and a.get("aria-label")):
            yield "a focusable region without role and label"
    for i, (tag, _, _) in enumerate(page.elements):
        if tag in ("a", "summary", "h1", "h2", "h3", "th", "caption", "title") \
                and not page.texts[i].strip():
            yield f"an empty {tag}"
    if [t for t, _, _ in page.elements].count("table") != \
            [t for t, _, _ in page.elements].count("caption"):
        yield "a table without caption"
    level = 0
    for tag, _, _ in page.elements:
        if re.fullmatch("h[1-6]", tag):
            if int(tag[1]) > level + 1:
                yield f"{tag} follows h{level}"
            level = int(tag[1])
    for tag, count in (("h1", 1), ("main", 1), ("header", 1), ("title", None)):
        n = sum(t == tag for t, _, _ in page.elements)
        if n == 0 or (count and n != count):
            yield f"{n} times {tag}"
    if not page.all("html", lang="en"):
        yield "no language"


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes(page):
    """The variables of the style sheet, for light and for dark."""
    style = page.all("style")[0][1]
    blocks = re.findall(r":root\{([^}]*)\}", style)
    return [dict(re.findall(r"--([a-z]+):(#[0-9a-f]{6})", b)) for b in blocks]
