"""What agencies offer: datasets, each with its record type, the identifiers it takes and whom to ask for help.

The catalogue hands out an adapter's name, never the adapter: no path to a record goes round the policy.
"""
