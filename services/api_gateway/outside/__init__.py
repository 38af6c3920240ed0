"""People and systems that sign in elsewhere: an outside OpenID provider's token is exchanged for one of ours."""
