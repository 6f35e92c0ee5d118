"""Speed and quality against plain references and peers, one command each; nothing in the package imports this."""
