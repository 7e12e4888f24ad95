"""A witness (见证方) for transparency logs: C2SP tlog-witness, with process, store and key of its own.

It shares no code with the service it watches, so that one mistake cannot blind both.
"""
