"""How complete and how punctual the monthly reports are."""
