"""What orders cost and what the market looks like: figures computed from state and market, changing neither.

Money and prices are integers throughout; a float is made where an answer is written.
"""
