"""`python -m gateway.cli`: the same as `threekeys`."""

from gateway.cli.main import main

main()
