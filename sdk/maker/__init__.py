"""Makes what integrators get from what the services say of themselves: document and clients."""
