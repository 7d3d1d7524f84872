"""The program `nntrain`, which is `python -m nntrain` too: signals and streams come before everything else."""

from nntrain.cli.signals import AtOnce


def main() -> None:
    """The entry point of the process; ends with SystemExit."""
    with AtOnce():
        from nntrain.cli.streams import make_sure

        make_sure()
        from nntrain.cli.app import main as run

        run()


if __name__ == "__main__":
    main()
