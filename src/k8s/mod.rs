//! What Kubernetes knows: kinds, names, quantities, schemas, defaults, merge keys, immutability, validation.
