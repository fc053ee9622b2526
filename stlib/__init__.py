"""Spatio-temporal learning, one idea a file: import the module you need.

The book that explains it stands beside the package: `grep -rn ctt-eq-16` finds an equation's
label in its chapter, the line that computes it and the test that holds it.
"""
