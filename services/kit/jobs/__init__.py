"""Work that outlives a request. The truth is a row in Postgres; arq and Redis only ring the bell."""
