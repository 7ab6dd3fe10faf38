"""The sandbox's API: checks, endpoints, payloads, and the OpenAPI document."""
