"""A phone that scans QR codes: two readers that know nothing of each other, and the windows that it is held before."""

import zxingcpp
from doubles.programs import missing
from doubles.terminal import THEMES, painted

GAPS = (0, 2, 3)  # pixels between lines


def read(picture):
    """What each of the readers finds in a picture."""
    try:
        from pyzbar import pyzbar
    except ImportError:  # it looks for the library then
        missing("libzbar")
    grey = picture.convert("L")
    zbar = [found.data.decode() for found in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]
    return {"zxing": [found.text for found in zxingcpp.read_barcodes(grey)], "zbar": zbar}


def everywhere(window):
    """What the readers find in a window, in every theme and with every gap between lines."""
    return [read(painted(window, theme, gap=gap)) for theme in THEMES.values() for gap in GAPS]
