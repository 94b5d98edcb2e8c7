"""Is the host fit for it?"""
