"""A browser that opens local pages: Chromium without a window, one start for all that a test looks at."""

import html
import json
import re
import subprocess
from dataclasses import dataclass
from itertools import product

from doubles.programs import program

WIDTHS = (360, 800)  # pixels: a phone, and a mail program beside its list
SCHEMES = ("light", "dark")
TALL = 4000  # pixels, so that no page has a scroll bar, which would take of its width

_OFFLINE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# In each frame: what sticks out of the window, and of every text that is shown its colour and the one behind it.
_MEASURE = """
const pixel = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const rgb = colors => {
  pixel.clearRect(0, 0, 1, 1);
  for (const color of colors) { pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1); }
  return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const measured = frame => {
  const view = frame.contentWindow, page = view.document, wide = [], texts = [];
  const style = element => view.getComputedStyle(element);
  const probe = page.createElement('i');
  probe.style.backgroundColor = 'Canvas';
  page.documentElement.append(probe);
  const canvas = style(probe).backgroundColor;
  probe.remove();
  for (const element of page.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.right > view.innerWidth + 0.5 || box.left < -0.5 || element.scrollWidth > view.innerWidth)
      wide.push(element.tagName.toLowerCase());
  }
  const nodes = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const text = nodes.currentNode.data.trim(), parents = [];
    const range = page.createRange();
    range.selectNodeContents(nodes.currentNode);
    if (!text || !range.getClientRects().length) continue;
    for (let each = nodes.currentNode.parentElement; each; each = each.parentElement) parents.unshift(each);
    const styles = parents.map(style);
    if (styles.some(each => each.backgroundImage !== 'none' || each.opacity !== '1' || each.visibility !== 'visible'))
      throw new Error('cannot tell the colours of ' + text);
    const ground = [canvas, ...styles.map(each => each.backgroundColor)];
    texts.push({text, ink: rgb([...ground, styles.at(-1).color]), ground: rgb(ground)});
  }
  return {wide, texts};
};
addEventListener('load', () => {
  let found;
  try { found = [...document.querySelectorAll('iframe')].map(measured); } catch (error) { found = String(error); }
  document.getElementById('measured').textContent = JSON.stringify(found).replaceAll('<', '\\\\u003c');
});
"""


@dataclass(frozen=True)
class Face:
    """What somebody sees of a page in a window of so many pixels. wide: the elements that stick out of it."""

    name: str
    width: int
    scheme: str
    wide: list
    texts: list

    @property
    def faint(self):
        """The texts that are hard to read, with the contrast that they have (WCAG 2.2, 1.4.3 asks for 4.5)."""
        contrasts = {each["text"]: contrast(each["ink"], each["ground"]) for each in self.texts}
        return {text: round(ratio, 2) for text, ratio in contrasts.items() if ratio < 4.5}

    @property
    def seen(self):
        return " ".join(each["text"] for each in self.texts)


def faces(pages, folder):
    """How pages look, by name: in every width, and where the reader prefers light and dark."""
    shown = [*product(pages, WIDTHS, SCHEMES)]
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:{TALL}px;color-scheme:{scheme};background:Canvas"'
        f' srcdoc="{html.escape(pages[name])}"></iframe>\n'
        for name, width, scheme in shown
    )
    measured = '<script id="measured" type="application/json"></script>'
    page = folder / "pages.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{measured}<script>{_MEASURE}</script>\n{frames}')
    dumped = open_page(page, folder, "--dump-dom")
    found = json.loads(re.search(r'<script id="measured"[^>]*>(.*?)</script>', dumped, re.DOTALL)[1])
    assert isinstance(found, list), found
    return [Face(*each, **face) for each, face in zip(shown, found, strict=True)]


def open_page(page, folder, *options):
    """Open a local page once, and return what the browser writes."""
    command = [program("chromium"), *_OFFLINE, f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def contrast(one, other):
    """The contrast ratio of two colours of the sRGB space (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color):
    parts = [part / 255 for part in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
