# Sourced by scripts: keep what Python compiles, apart from the sources. Without it each process compiles Home Assistant
# anew, in some environments in spite of a cache.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$PWD/.cache/pycache
