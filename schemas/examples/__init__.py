"""What the reference shows: bodies as they cross the wire, about a person who does not exist and agencies that are
plainly the sandbox's. `tests/schemas/test_examples.py` runs each through its model."""
