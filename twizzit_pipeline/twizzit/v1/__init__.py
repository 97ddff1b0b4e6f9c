"""The dialect v1, as the integration guide writes it."""
