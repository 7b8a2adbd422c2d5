"""The program around it: options, logs, metrics, systemd, --doctor."""
