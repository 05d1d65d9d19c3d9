//! PostgreSQL through binary COPY.
