"""Notices: an agency's word that it has notified a person, where the law asks for that and not for consent.

The one idea: a notice is recorded once, of a version that the agreement names, and an exchange under the signal
`notified` looks for the newest. Nobody can record one that the policy would not count. Attacked by `tests/notices/`.
"""
