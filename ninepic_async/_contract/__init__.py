"""The wire contract: endpoints, messages, decoding, selfies. No network and no event loop."""
