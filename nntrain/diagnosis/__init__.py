"""What is said of data, of the health of a training, and of its divergence: warnings, symptoms, causes, remedies."""
