"""Where a command begins. What costs time is imported as late as can be."""

import sys


def main() -> int:
    args = sys.argv[1:]
    if args == ["--version"]:
        from authctl import __version__

        sys.stdout.write(f"authctl {__version__}\n")
        return 0
    # Collections while importing find nothing to free; `bulk work turns it on again`.
    import gc

    gc.disable()
    try:
        from authctl.cli.app import run
    except KeyboardInterrupt:
        return 130
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
