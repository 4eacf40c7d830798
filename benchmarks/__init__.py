"""Measurements that the project publishes; each is a module with a command line."""
