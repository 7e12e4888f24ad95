"""The demo region: a seeded generator of synthetic workers and careers, and a loader that speaks only HTTP.

Nothing here is part of the service; every person, institution and number is made up.
"""
