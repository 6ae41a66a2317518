"""Many LoRA adapters on one resident backbone, and the frozen part of it computed only once."""
