"""A report of stampede in a real Chromium: what it needs, how wide it is, what it shows, light, dark and printed."""

import html
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from chromium import Chromium

PHONE_WIDTH = 360
DESK_WIDTH = 1000

# Runs inside a copy of the report and tells the page around it what it measured.
PROBE = """<script>
addEventListener("load", () => {
  const text = element => element ? element.textContent.replace(/\\s+/g, " ").trim() : "";
  const shown = element => { const box = element.getBoundingClientRect(); return box.width > 20 && box.height > 10; };
  const channels = colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = colour => channels(colour).reduce((sum, part) => sum + part, 0) / 3;
  const body = getComputedStyle(document.body), root = document.documentElement;
  const drawings = [...document.querySelectorAll("svg")].filter(one => !one.parentElement.closest("svg"));
  const figures = [...document.querySelectorAll("figure")].filter(one => !one.closest("details:not([open])"));
  parent.postMessage({
    first: text(document.querySelector("h1")),
    opening: text(document.body).slice(0, 600),
    width: root.clientWidth, needs: root.scrollWidth,
    figures: figures.length, shown: figures.filter(one => [...one.querySelectorAll("svg")].some(shown)).length,
    unnamed: drawings.filter(one => !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")
      && one.getAttribute("aria-hidden") !== "true" && !one.querySelector("title")).length,
    ink: light(body.color), paper: light(getComputedStyle(root).backgroundColor) || light(body.backgroundColor),
    resources: performance.getEntriesByType("resource").map(one => one.name),
  }, "*");
});
</script>"""

AROUND = """<!DOCTYPE html><title>around</title><body style="margin:0">
<script>addEventListener("message", event => {{
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify(event.data);
  document.body.append(out);
}});</script>
<iframe src="{page}" style="border:0" width="{width}" height="800"></iframe>"""

# What Chromium 156 asks for by itself with an empty page.
OWN_HOSTS = {"accounts.google.com", "clients2.google.com", "update.googleapis.com"}

LIGHT, DARK = "--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"


class Measured:
    """What the page measured at one width in one colour scheme."""

    def __init__(self, chromium: Chromium, report: Path, folder: Path, width: int, scheme: str) -> None:
        """`report` is copied into `folder`; its own rule against scripts does not bind the copy."""
        text = report.read_text(encoding="utf-8")
        text = re.sub(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
        (folder / "copy.html").write_text(text.replace("</head>", PROBE + "</head>", 1), encoding="utf-8")
        around = folder / "around.html"
        around.write_text(AROUND.format(page="copy.html", width=width), encoding="utf-8")
        page = chromium.page(around.as_uri(), scheme)
        found = re.search(r'<pre id="measured">(.*?)</pre>', page, re.S)
        if found is None:
            raise ValueError(f"the page measured nothing: {page[-500:]}")
        self.facts: dict = json.loads(html.unescape(found[1]))


def host_of(request: str) -> str:
    """Of a request line to a proxy: `CONNECT host:443` or `GET http://host/path`."""
    method, _, target = request.partition(" ")
    return (urlsplit("//" + target if method == "CONNECT" else target).hostname or "").lower()


def faults_of(report: Path, folder: Path, verdict: str) -> list[str]:
    """What is wrong with the report, a sentence each; `folder` is made for copies and pictures."""
    folder.mkdir()
    chromium = Chromium(folder / "chromium")
    faults = []
    for name, width, scheme in (("light", DESK_WIDTH, LIGHT), ("dark", DESK_WIDTH, DARK), ("phone", PHONE_WIDTH, LIGHT)):
        facts = Measured(chromium, report, folder, width, scheme).facts
        if facts["needs"] > facts["width"]:
            faults.append(f"{name}: {facts['needs']} px wide in a window of {facts['width']}")
        if facts["figures"] < 3 or facts["shown"] != facts["figures"]:
            faults.append(f"{name}: {facts['shown']} of {facts['figures']} charts are seen")
        if facts["unnamed"]:
            faults.append(f"{name}: {facts['unnamed']} charts have no name for those who cannot see them")
        if (facts["paper"] < facts["ink"]) != (name == "dark") or abs(facts["paper"] - facts["ink"]) < 100:
            faults.append(f"{name}: text of {facts['ink']:.0f} on {facts['paper']:.0f}")
        if verdict not in facts["opening"]:
            faults.append(f"{name}: does not begin with the verdict {verdict!r} but {facts['opening']!r}")
        if facts["resources"]:
            faults.append(f"{name}: loads {facts['resources']}")
    # The report as it is, with its own rules.
    for name, scheme in (("light", LIGHT), ("dark", DARK)):
        (folder / f"report-{name}.png").write_bytes(chromium.screenshot(report.as_uri(), scheme))
    paper = chromium.pdf(report.as_uri())
    if not paper.startswith(b"%PDF") or len(paper) < 20_000:
        faults.append(f"printed it is {len(paper)} bytes")
    outside = [request for request in chromium.asked_for if host_of(request) not in OWN_HOSTS]
    if outside:
        faults.append(f"the network was asked for {outside}")
    return faults
