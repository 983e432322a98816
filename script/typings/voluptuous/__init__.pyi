# Home Assistant aliases voluptuous to its own engine at start-up, so for the type checker the two are one.
from probatio import *  # noqa: F403  # all of it
