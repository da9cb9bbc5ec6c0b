"""The demo: four agencies with a real system each, three hundred synthetic people, and a gateway between them.

Nothing here is imported by the gateway itself. `world` says what there is, `seeding` registers it, `processes` starts
the systems, `tour` is what a newcomer is shown, `demo` runs it all.
"""
