"""Algos: WebAssembly modules that trade on the local exchange.

`uploads` decides which module is taken, `abi` knows how memory is laid out, `instances` runs one module on one edge,
`host` calls the instances and carries out what they answer, `books` keeps what the journal says about deployments,
`commands` and `views` are what the server offers.
"""
