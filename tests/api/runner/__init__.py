"""The parts of the runner of the API tests; `../run_api.py` is the command, `../README.md` describes the format."""
