"""`python -m gan_bench.cli`: the command line."""

from gan_bench.cli import main

if __name__ == "__main__":
    main()
