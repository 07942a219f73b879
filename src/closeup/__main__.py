"""`python -m closeup` is `closeup`; so does the installed command start, for Ctrl-C must be answered from here on."""

import sys

from closeup.core.settings import hush_opencv, stay_offline

EXIT_INTERRUPTED = 130


def main() -> None:
    """Load the command line and start it; a Ctrl-C while it loads is answered without a traceback."""
    stay_offline()
    hush_opencv()
    try:
        from closeup.cli.main import run
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
