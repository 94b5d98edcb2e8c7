"""Is it allowed?"""
