"""What can be said about an objective before any network is trained: its pointwise field, its verdict, its proof."""
