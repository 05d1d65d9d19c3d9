//! Object stores: Azure Blob.
