//! The API server: requests in, stored objects and answers out.
