"""Who we talk to: tenants, connections, systems."""
