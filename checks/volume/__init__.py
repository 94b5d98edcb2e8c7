"""Will the data survive, and can it be used?"""
