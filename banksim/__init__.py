"""A bank that is not one (银行模拟器): its own book, clock and code; it talks through a folder alone.

Shares with the service it is tried against nothing but the published schemas.
"""
