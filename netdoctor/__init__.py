"""netdoctor: the network and volume doctor for Docker."""

__version__ = "0.1.0"
