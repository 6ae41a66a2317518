"""The recipe of the embedded backbone `starter`: made-up pictures, a teacher, captions, defects.

No picture of the real world is used and nothing is downloaded, so that anyone can repeat it.
"""
