"""`python -m netdoctor`."""

from netdoctor.cli import main

main()
