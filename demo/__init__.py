"""The demo: every process of the service and both twins under one supervisor, a first pass, a comparison of both sides.

It stands beside the product and uses it as an operator would: processes, environment, rows, tasks. `python -m demo`.
"""
