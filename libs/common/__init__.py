"""The shared library.

Admission rule: a module is let in when two services use it, and it knows none of them.
"""
