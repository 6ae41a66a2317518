"""Why an answer is what it is: where in the pictures, in which sentences, by which modality."""
