"""The demo: a real Home Assistant with the integration, on a simulated cloud. Started by script/demo."""
