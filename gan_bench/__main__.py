"""`python -m gan_bench`: the command line."""

from gan_bench.cli import main

if __name__ == "__main__":
    main()
