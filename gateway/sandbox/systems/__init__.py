"""The sandbox agencies' own systems, each run by file path in a process of its own. They import nothing of ours."""
