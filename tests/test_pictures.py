"""README's pictures as a browser shows them, to who prefers light and who prefers dark."""

import pytest
from doubles.browser import SCHEMES, contrast, open_page
from doubles.documents import REPOSITORY
from doubles.pictures import HEIGHT, MARGIN, THEMES, WIDTH, drawn
from doubles.qr import read
from PIL import Image, ImageColor

FOLDER = REPOSITORY / "tests" / "pictures"
SMALL = drawn("\x1b[32m██▌\x1b[0m\n█\x1b[1m 数 \x1b[0mx\n", 6)
SIDE = (1100, 900)  # pixels that each picture gets


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Each picture in each scheme, as a screenshot has it; one start of the browser for all."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "small.svg").write_text(SMALL)
    paths = [*sorted(FOLDER.glob("*.svg")), folder / "small.svg"]
    frames = [(path, scheme) for scheme in SCHEMES for path in paths]
    (folder / "page.html").write_text(
        '<!doctype html><meta charset="utf-8"><body style="margin:0">'
        + "".join(
            f'<div style="height:{SIDE[1]}px;color-scheme:{scheme};background:Canvas"><img src="{path.as_uri()}"></div>'
            for path, scheme in frames
        )
    )
    target = folder / "page.png"
    window = f"--window-size={SIDE[0]},{SIDE[1] * len(frames)}"
    open_page(folder / "page.html", folder, f"--screenshot={target}", window, "--hide-scrollbars")
    page = Image.open(target).convert("RGB")
    assert page.size == (SIDE[0], SIDE[1] * len(frames))
    return {
        (path.stem, scheme): page.crop((0, number * SIDE[1], SIDE[0], (number + 1) * SIDE[1]))
        for number, (path, scheme) in enumerate(frames)
    }


def test_there_are_pictures():
    assert {path.name for path in FOLDER.iterdir()} == {"qr.svg", "status.svg"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_qr_code_is_read_from_the_picture(shown, scheme):
    for found in read(shown["qr", scheme]).values():
        assert len(found) == 1
        assert found[0].startswith("otpauth://totp/")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_are_in_the_colours_that_the_reader_prefers(shown, scheme):
    for name in ("qr", "status", "small"):
        assert shown[name, scheme].getpixel((MARGIN // 2, MARGIN // 2)) == ImageColor.getrgb(THEMES[scheme]["ground"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_blocks_touch_and_end_where_they_should(shown, scheme):
    picture, theme = shown["small", scheme], THEMES[scheme]
    bar = picture.crop((MARGIN, MARGIN, MARGIN + 25, MARGIN + HEIGHT))
    assert bar.getcolors() == [(25 * HEIGHT, ImageColor.getrgb(theme["green"]))]
    below = picture.crop((MARGIN, MARGIN + HEIGHT, MARGIN + WIDTH, MARGIN + 2 * HEIGHT))
    assert below.getcolors() == [(WIDTH * HEIGHT, ImageColor.getrgb(theme["ink"]))]
    assert picture.getpixel((MARGIN + 25, MARGIN + 5)) == ImageColor.getrgb(theme["ground"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_can_be_read(scheme):
    ground, *others = (ImageColor.getrgb(color) for name, color in THEMES[scheme].items() if name != "edge")
    assert all(contrast(ground, color) >= 4.5 for color in others)
