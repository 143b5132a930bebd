"""The published results of Haith (2025), made again: as its public code has them, quirks included, and as twinrig has them.

The models here are written anew from what that code does (commit c5d3489, and earlier scripts of the same repository where that commit
does not say a value); they are no part of twinrig, and nothing else imports them. All run many learners side by side in NumPy.
"""
