"""The spine: a unit of work, the engine that runs it, and what leaves after it. Knows no capability."""
