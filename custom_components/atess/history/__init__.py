"""The cloud's history: read day by day, answered by an action, imported into the entities' own statistics."""
