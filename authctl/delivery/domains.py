"""Domain names as DNS has them."""


def ascii_domain(domain: str) -> str:
    """An international name in ASCII, without look-alikes of `.` and `/` (UTS 46). Raises ValueError."""
    if domain.isascii():
        return domain
    import idna

    return idna.encode(domain, uts46=True).decode()
