"""``make chaos``: a fleet of real processes under load, killed, frozen and cut from its database, and the audit of what stands."""
