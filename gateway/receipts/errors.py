"""What can be wrong with a receipt."""


class ReceiptRejected(ValueError):
    """The receipt, or its proof, must not be believed. The message says which check failed, and no claim's value."""
