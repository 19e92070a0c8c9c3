"""Real processes around a bench run: children that never outlive it, a broker, what they cost."""
