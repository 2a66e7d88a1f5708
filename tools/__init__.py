"""What makes parts of the documents: the reference of the configuration, samples, pictures."""
