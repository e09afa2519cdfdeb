"""Where a command begins. What costs time is imported as late as can be."""

import sys

# Starting makes some 100,000 objects that live as long as the command: looking for garbage among them finds none, and
# costs a tenth of the start. Bulk work, which makes more, has its garbage collected.
FEW_OBJECTS = 250_000


def main() -> int:
    args = sys.argv[1:]
    if args == ["--version"]:
        from authctl import __version__

        if sys.stdout is not None:  # closed by `>&-`
            sys.stdout.write(f"authctl {__version__}\n")
        return 0
    if args[:1] == ["__complete"]:
        from authctl.cli.completion import responder

        return responder.main(args[1:])
    import gc

    gc.set_threshold(FEW_OBJECTS)
    try:
        from authctl.cli.app import run

        return run(args)
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # when the interpreter ends, it looks for garbage in all that there is, more than once


if __name__ == "__main__":
    sys.exit(main())
