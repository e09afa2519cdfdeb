"""How random bytes become ids and passwords. The bytes come from the unit of work; nothing here rolls dice.

An id is twenty lower-case characters of Crockford's base 32: nine of the time in milliseconds, so that ids sort by
time until the year 3084, and eleven of chance (55 bits), so that ids made in the same millisecond differ.
"""

from __future__ import annotations

from datetime import datetime

from authctl.model import BASE32, RandomBytes, milliseconds

# No 0/O, 1/l/I: a generated password is read out and typed in.
_LOWER, _UPPER, _DIGITS, _SYMBOLS = "abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "+-=@#%?!"
_READABLE = _LOWER + _UPPER + _DIGITS
_LOWER_AND_DIGITS = _LOWER.replace("i", "") + _DIGITS  # typed in in any case, so that i would be I


def new_id(now: datetime, random: RandomBytes) -> str:
    return _base32(milliseconds(now), 9) + _base32(int.from_bytes(random(7)), 11)


def _base32(number: int, length: int) -> str:
    return "".join([BASE32[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5)])


def is_id(text: str) -> bool:
    """Whether a text is like what `new_id` makes."""
    return len(text) == 20 and set(text) <= set(BASE32)


def new_password(random: RandomBytes, least: int = 0) -> str:
    """A password to read out once: letters, digits and a symbol, 5.8 bits a character, every strength class in it.

    It has 20 characters, and `least` at the fewest.
    """
    classes = [_LOWER, _UPPER, _DIGITS, _SYMBOLS]
    characters = [_pick(letters, random) for letters in classes]
    characters += [_pick(_READABLE, random) for _ in range(max(least, 20) - len(classes))]
    for last in range(len(characters) - 1, 0, -1):  # Fisher-Yates: the classes stand anywhere
        other = _below(last + 1, random)
        characters[last], characters[other] = characters[other], characters[last]
    # A letter or digit comes first, so that neither a shell nor a spreadsheet takes it for something else.
    first = next(place for place, character in enumerate(characters) if character in _READABLE)
    characters[0], characters[first] = characters[first], characters[0]
    return "".join(characters)


def new_code(random: RandomBytes, length: int) -> str:
    """A code of decimal digits, each alike likely; it may begin with zeros."""
    return "".join(_pick("0123456789", random) for _ in range(length))


def new_readable(random: RandomBytes, length: int, group: int) -> str:
    """Lower-case letters and digits to be read out, 4.95 bits each, with dashes between groups."""
    letters = "".join(_pick(_LOWER_AND_DIGITS, random) for _ in range(length))
    return "-".join(letters[start : start + group] for start in range(0, length, group))


def new_hex(random: RandomBytes, length: int) -> str:
    """So many lower-case hexadecimal digits, 4 bits each."""
    return random((length + 1) // 2).hex()[:length]


def _pick(letters: str, random: RandomBytes) -> str:
    return letters[_below(len(letters), random)]


def _below(bound: int, random: RandomBytes) -> int:
    """A number below `bound`, at most 256, all alike likely: bytes past the last whole multiple are dropped."""
    limit = 256 - 256 % bound
    while (byte := random(1)[0]) >= limit:
        pass
    return byte % bound
