"""People of the simulated Zoho who hand leads over."""

SAM = "sam@acme.example"
LENA = "lena@acme.example"
