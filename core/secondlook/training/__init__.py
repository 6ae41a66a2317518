"""Learning adapters. torch lives here and in models only."""
