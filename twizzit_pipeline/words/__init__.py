"""What the words of Twizzit's accounts mean, in Dutch, French and English. Pure: nothing but texts goes in or out.

What belongs here: every list of words by which something is decided (functions, types, statuses, genders, opponents
that are none), one module each, and `heads`, by which a word is judged. A credential's configuration says otherwise
through `Meanings`.
"""
